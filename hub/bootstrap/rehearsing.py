"""Running past traffic through another mapping: nothing is sent, nothing is written."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from connectors.contract import AgencyConnector, Delivery
from connectors.errors import ConnectorError
from connectors.protocols.http import tap
from hub.bootstrap.configuration import agency_way
from hub.bootstrap.store import Store
from hub.database.traffic import Told, Window
from hub.domain.delivery import PlanKind
from hub.domain.mapping_change import Composed, MappingChange, Record
from hub.ports import CaseFile
from hub.stages.composing import Composer
from hub.stages.deliver import Way
from schemas.raw import JournalEntry

DRY = frozenset({"email", "rest", "open311", "sp4n"})
"""Kinds whose every call goes through the tap, and so can be made dry. Of any other
kind, what it would be shown is compared: a call could really be made."""


def rehearse(
    store: Store, old: AgencyConnector, new: AgencyConnector, window: Window
) -> MappingChange:
    """Hold two mappings of an agency against each other, over its past traffic."""
    found = MappingChange()
    before = agency_way(old, old.extra["manifest"])
    after = agency_way(new, new.extra["manifest"])
    composer = Composer(store.cursors, store.deadlines)
    for told in store.traffic.told(old.name, window):
        if told is None:
            found.closed += 1
            continue
        (case,) = store.cursors.case_files([told.lease])
        found.delivery(
            told.lease.cursor.complaint_id,
            _composed(composer, told, case, before, old),
            _composed(composer, told, case, after, new),
        )
    for said in store.traffic.said(old.name, window):
        if said.row.raw is None:
            found.closed += 1
            continue
        found.update(
            said.complaint_id,
            _read(old, said.row.entry),
            _read(new, said.row.entry),
            quarantined=said.quarantined,
        )
    return found


def _composed(
    composer: Composer, told: Told, case: CaseFile, way: Way, agency: AgencyConnector
) -> Composed:
    delivery = composer.delivery(told.lease, way, case, told.plan)
    manifest = agency.extra["manifest"]
    if manifest.system not in DRY or manifest.connector:
        shown = delivery.model_dump_json(exclude={"files", "progress"})
        return Composed(shown.encode(), "(what it is shown)")
    return _dry(way, told.plan.kind, delivery)


def _dry(way: Way, kind: PlanKind, delivery: Delivery) -> Composed:
    call = way.target.submit if kind is PlanKind.SUBMIT else way.target.send
    fault = ""
    with tap.listening(dry=True) as heard:
        try:
            call(delivery)
        except ConnectorError as error:
            fault = error.fingerprint or type(error).__name__
        except Exception as error:  # noqa: BLE001 - a connector is not ours to trust
            fault = type(error).__name__
    made = [one for one in heard.exchanges if one.step == kind] or heard.exchanges
    if not made:
        return Composed(fault=fault or "nothing would be sent")
    # What went out counts; that a dry answer has no reference does not.
    where = f"{made[0].method} {urlsplit(made[0].url).path}"
    return Composed(made[0].body, where)


def _read(agency: AgencyConnector, entry: JournalEntry) -> Sequence[Record]:
    try:
        return agency.system.read(entry)
    except Exception:  # noqa: BLE001 - its message stays unread, which is an answer
        return ()
