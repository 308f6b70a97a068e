"""Who is declared in a deployment and how each is, for commands."""

import os
from collections.abc import Mapping

from connectors.roster import Roster, read_roster
from hub.bootstrap.reference import folders_of
from hub.database.engine import DatabaseDownError
from hub.database.versions import versions_at
from hub.settings import Settings


def roster_of(settings: Settings) -> Roster:
    """Load what would run, by the files and by what is applied.

    While the database is away the files alone speak. Raises registry.ConfigError for a
    directory that is not there.
    """
    try:
        versions = versions_at(settings.effective_database_url)
    except DatabaseDownError:
        versions = []
    return read_roster(folders_of(settings), os.environ, versions)


def conditions(roster: Roster) -> Mapping[str, dict[str, str]]:
    """Say in a word how each agency is, and why."""
    found = {name: {"condition": "ok", "why": ""} for name in roster.agencies}
    for name, why in roster.not_applied.items():
        found[name] = {"condition": "not applied", "why": why}
    for name in roster.on_trial:
        found[name] = {"condition": "on trial", "why": "it is given no complaints"}
    for name, one in roster.failures.items():
        found[name] = {"condition": str(one.lack), "why": one.why}
    return found
