"""What the files of a deployment say: agencies, routing, channels, ways out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors import registry
from connectors.contract import AgencyConnector, Channel, FilesWay
from connectors.roster import Lack, Roster, Version, read_roster
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

    roster: Roster
    routing: RoutingTable
    channels: Mapping[str, Channel]
    reference: Reference
    wording: Wording = STANDARD
    paces: Mapping[str, Pace] = field(default_factory=dict)
    """Channel -> when citizens are told by it; at once for what is not named."""

    @property
    def agencies(self) -> Mapping[str, AgencyConnector]:
        """Agencies that can be used."""
        return self.roster.agencies

    @property
    def manifests(self) -> Mapping[str, AgencyManifest]:
        """What every declared agency says, also one that cannot be used."""
        return self.roster.manifests


def load_configuration(
    settings: Settings,
    environ: Mapping[str, str],
    versions: Sequence[Version] = (),
) -> Configuration:
    """Load what the files say, and the versions that were applied.

    An agency that cannot be used is in `roster.failures`, and all others run. Raises
    registry.ConfigError with file and field for everything else.
    """
    roster = read_roster(folders_of(settings), environ, versions)
    routing = load_routing(settings)
    registry.check_routing(routing, roster.own)
    registry.check_deadlines(load_deadlines(settings).table, roster.manifests)
    channels = {
        name: registry.channel(name, table, environ)
        for name, table in settings.channels.items()
    }
    return Configuration(
        roster,
        routing,
        channels,
        load_reference(settings, routing.zone, roster.manifests),
        _wording(settings.agencies_dir),
        {name: _pace(settings, name) for name in ("email", "sms")},
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
    for found in check(config.routing, config.manifests, config.reference, day):
        telemetry.log.warning(
            "routing_is_wrong", place=found.place, what=found.what, why=found.why
        )
    for name, failure in config.roster.failures.items():
        if failure.lack is Lack.MISCONFIGURED:
            telemetry.log.error("agency_misconfigured", party=name, why=failure.why)
    for name, why in config.roster.not_applied.items():
        telemetry.log.warning("agency_not_applied", party=name, why=why)
    for lack in config.reference.tree.lacks():
        telemetry.log.warning("agencies_are_wrong", why=lack)


def name_files_without_links(settings: Settings, ways: Mapping[str, Way]) -> None:
    """Log which agencies read that there are attachments, where links could be."""
    if settings.server.public_url:
        return
    lacking = sorted(
        way.party
        for way in ways.values()
        if "attachments" in way.allow and "link" in _files_ways(way)
    )
    if lacking:
        why = "attachments are only mentioned: set server.public_url"
        telemetry.log.warning("links_are_lines", parties=lacking, why=why)


def _files_ways(way: Way) -> set[FilesWay]:
    can = way.target.capabilities
    return {can.files_after(hand_over=True), can.files_after(hand_over=False)}


def ways_of(config: Configuration) -> dict[str, Way]:
    """Name every way out: agencies' systems and reporters' channels."""
    ways = {
        name: agency_way(agency, config.manifests[name])
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


def agency_way(agency: AgencyConnector, manifest: AgencyManifest) -> Way:
    """Make the way to an agency, with the limits of this manifest."""
    return Way(
        party=agency.name,
        kind=manifest.kind,
        target=agency.system,
        limits=manifest.limits,
        allow=agency.extra["manifest"].allow,
        mapping_version=agency.mapping_version,
    )


def party_rows(config: Configuration, ways: Mapping[str, Way]) -> list[dict[str, Any]]:
    """Make the configured part of every party's row."""
    rows = [_lacking_row(config.manifests[n]) for n in sorted(config.roster.failures)]
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


def _lacking_row(manifest: AgencyManifest) -> dict[str, Any]:
    """Make the row of a party that cannot be used; a known one keeps what it has."""
    return config_row(
        manifest.name,
        manifest.kind,
        title=manifest.title,
        lane=lane_of(manifest.name),
        limits=manifest.limits,
        config_version="",
        wants=manifest.wants,
        order_by=manifest.order_by,
    )
