"""What the files of a deployment say: agencies, routing, channels, ways out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors import registry
from connectors.contract import AgencyConnector, Channel
from hub import telemetry
from hub.bootstrap.deadlines import load_deadlines
from hub.bootstrap.reference import folders_of, load_reference, load_routing
from hub.database.parties import config_row
from hub.domain.notices import STANDARD, Wording, WordingError, worded
from hub.domain.pacing import PROMPT, Pace, QuietHours
from hub.domain.reference import Reference
from hub.domain.routing_check import check
from hub.settings import Settings
from hub.stages.deliver import Way, lane_of
from schemas.agency import AgencyManifest, Limits, RoutingTable
from schemas.parties import ChannelName, PartyKind, reporter_party

REPORTER_LIMITS = Limits(deadline_seconds=20, breaker_open_seconds=10)
REPORTER_TITLES = {"email": "E-mail to reporters", "sms": "SMS to reporters"}


@dataclass
class Configuration:
    """Agencies, routing and channels as loaded from files."""

    agencies: Mapping[str, AgencyConnector]
    manifests: Mapping[str, AgencyManifest]
    routing: RoutingTable
    channels: Mapping[str, Channel]
    reference: Reference
    wording: Wording = STANDARD
    paces: Mapping[str, Pace] = field(default_factory=dict)
    """Channel -> when citizens are told by it; at once for what is not named."""


def load_configuration(settings: Settings, environ: Mapping[str, str]) -> Configuration:
    """Load what the files say; raises registry.ConfigError with file and field."""
    agencies = registry.load_agencies(folders_of(settings), environ)
    routing = load_routing(settings)
    manifests = {name: agency.extra["manifest"] for name, agency in agencies.items()}
    own = {n: each for n, each in manifests.items() if each.kind is PartyKind.AGENCY}
    registry.check_routing(routing, own)
    registry.check_deadlines(load_deadlines(settings).table, agencies)
    channels = {
        name: registry.channel(name, table, environ)
        for name, table in settings.channels.items()
    }
    reference = load_reference(settings, routing.zone, manifests)
    paces = {name: _pace(settings, name) for name in ("email", "sms")}
    wording = _wording(settings.agencies_dir)
    return Configuration(
        agencies, manifests, routing, channels, reference, wording, paces
    )


def _pace(settings: Settings, channel: str) -> Pace:
    given = getattr(settings.notices, channel)
    return Pace(given.burst_seconds, QuietHours.read(given.quiet_hours))


def _wording(folder: Path | None) -> Wording:
    path = folder / "notices.toml" if folder is not None else None
    if path is None or not path.exists():
        return STANDARD
    try:
        return worded(registry.load_words(path))
    except WordingError as error:
        msg = f"{path}: {error}"
        raise registry.ConfigError(msg) from error


def name_what_is_wrong(config: Configuration, at: datetime) -> None:
    """Log what rules cannot do, and what agencies name that there is not."""
    day = config.reference.day(at)
    for found in check(config.routing, config.agencies, config.reference, day):
        telemetry.log.warning(
            "routing_is_wrong", place=found.place, what=found.what, why=found.why
        )
    for lack in config.reference.tree.lacks():
        telemetry.log.warning("agencies_are_wrong", why=lack)


def ways_of(config: Configuration) -> dict[str, Way]:
    """Name every way out: agencies' systems and reporters' channels."""
    ways = {
        name: Way(
            party=name,
            kind=config.manifests[name].kind,
            target=agency.system,
            limits=config.manifests[name].limits,
            allow=config.manifests[name].allow,
            mapping_version=agency.mapping_version,
        )
        for name, agency in config.agencies.items()
    }
    for name, channel in config.channels.items():
        target = channel.way_back()
        if target is not None:
            party = reporter_party(ChannelName(name))
            seconds = target.capabilities.deadline_seconds
            given = {} if seconds is None else {"deadline_seconds": seconds}
            limits = REPORTER_LIMITS.model_copy(update=given)
            ways[party] = Way(
                party,
                PartyKind.REPORTER,
                target,
                limits,
                (),
                "1",
                pace=config.paces.get(name, PROMPT),
                wording=config.wording,
            )
    return ways


def party_rows(config: Configuration, ways: Mapping[str, Way]) -> list[dict[str, Any]]:
    """Make the configured part of every party's row."""
    rows = []
    for name, way in ways.items():
        manifest = config.manifests.get(name)
        channel = name.removeprefix("reporter:")
        rows.append(
            config_row(
                name,
                way.kind,
                title=manifest.title
                if manifest
                else REPORTER_TITLES.get(channel, name),
                lane=lane_of(name),
                limits=way.limits,
                config_version=way.mapping_version,
                wants=manifest.wants if manifest else None,
                order_by=manifest.order_by if manifest else "arrival",
            )
            | {
                "burst_s": way.pace.burst_seconds,
                "mirrors": manifest is not None and manifest.mirror,
            }
        )
    return rows
