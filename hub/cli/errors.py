"""Errors that people can act on, as one line."""

import click

_OURS = {
    "connectors.registry.ConfigError",
    "hub.bootstrap.broker.TopologyError",
    "hub.bootstrap.roles.RolesError",
    "hub.broker.admin.BrokerUnreachableError",
    "hub.database.condition.NotCurrentError",
    "hub.database.engine.DatabaseDownError",
    "hub.database.keyring.KeyringError",
    "hub.database.vault.KeyDestroyedError",
    "hub.ports.StoreUnavailableError",
    "pydantic_settings.exceptions.SettingsError",
}
"""Their texts say what to do. By name: what was never imported was not raised."""
_INVALID = "pydantic_core._pydantic_core.ValidationError"
_TOML = "tomllib.TOMLDecodeError"


class Failed(click.ClickException):
    """A command could not do what it was asked; exit code 1."""


def one_line(error: Exception) -> str | None:
    """Say an expected error in one line; None when it is a defect of ours."""
    names = {f"{c.__module__}.{c.__qualname__}" for c in type(error).__mro__}
    if _INVALID in names:
        return _settings(error)
    if _TOML in names:
        return f"simpul.toml cannot be read: {error}"
    if names & _OURS:
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}"
    return None


def _settings(error: Exception) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    parts = [
        f"{'.'.join(str(step) for step in found['loc'])}: {found['msg']}"
        for found in error.errors(include_input=False, include_url=False)
    ]
    return f"the settings are wrong: {'; '.join(parts)}"
