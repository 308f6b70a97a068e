"""What is written reads back, as XML and as JSON."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.open311.records import (
    RequestUpdate,
    ServerError,
    ServiceRequest,
    error_records,
    read_request,
    read_update,
    request_records,
    update_records,
)
from connectors.protocols.open311.services import (
    Attribute,
    Definition,
    Service,
    read_definition,
    read_services,
)
from connectors.protocols.open311.tree import parse
from connectors.protocols.open311.writing import (
    Form,
    write_definition,
    write_errors,
    write_requests,
    write_services,
    write_updates,
)

FORMS: tuple[Form, ...] = ("xml", "json")
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=9)
IDS = st.from_regex(r"[A-Z]{1,3}-[1-9][0-9]{0,5}", fullmatch=True)
MOMENTS = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))


@given(
    st.lists(
        st.builds(
            ServiceRequest,
            id=IDS,
            status=WORDS,
            status_code=WORDS,
            notes=WORDS,
            description=WORDS,
            requested_at=MOMENTS,
            updated_at=st.none() | MOMENTS,
            media=st.lists(IDS, max_size=3).map(tuple),
        ),
        max_size=4,
    ),
    st.sampled_from(FORMS),
)
def test_cases_read_back(cases: list[ServiceRequest], form: Form) -> None:
    tree = parse(write_requests(cases, form))
    found = [read_request(one, UTC) for one in request_records(tree)]

    assert [_bare(one) for one in found] == [_bare(one) for one in cases]


@given(
    st.lists(
        st.builds(
            RequestUpdate,
            update_id=IDS,
            request_id=IDS,
            status=WORDS,
            description=WORDS,
            updated_at=MOMENTS,
        ),
        max_size=4,
    ),
    st.sampled_from(FORMS),
)
def test_updates_read_back(updates: list[RequestUpdate], form: Form) -> None:
    tree = parse(write_updates(updates, form))
    found = [read_update(one, UTC) for one in update_records(tree)]

    assert [_bare(one) for one in found] == [_bare(one) for one in updates]


def _bare(one: ServiceRequest | RequestUpdate) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__ if name != "fields"}


@pytest.mark.parametrize("form", FORMS)
def test_services_definitions_and_errors_read_back(form: Form) -> None:
    services = [
        Service("PIPA", "Pipa & keran", "<b>", has_definition=True, type="realtime"),
        Service("LAIN", "Lain", type="batch", keywords=("private",), groups=("A", "B")),
    ]
    definition = Definition(
        "PIPA",
        (
            Attribute("fixmystreet_id", required=True, automated="server_set"),
            Attribute("jenis", "singlevaluelist", order=2, values=(("a", "A"),)),
        ),
    )
    errors = [ServerError("400", "Bad request"), ServerError("404", "tidak ada")]

    assert read_services(parse(write_services(services, form))) == services
    assert read_definition(parse(write_definition(definition, form))) == definition
    assert error_records(parse(write_errors(errors, form))) == errors
    assert definition.declares("jenis")
    assert not definition.declares("x")


def test_a_definition_of_the_wild_is_read() -> None:
    body = b"""[{"service_code": 7, "attributes": [
        {"code": "A", "datatype": "Picklist", "required": "true", "values": 0},
        {"code": "B", "datatype": "Text", "variable": "false", "order": "x",
         "values": [{"key": 1}, {"name": "dua"}]}]}]"""
    found = read_definition(parse(body))

    assert found is not None
    assert found.service_code == "7"
    assert [one.datatype for one in found.attributes] == ["singlevaluelist", "text"]
    assert found.attributes[0].required
    assert not found.attributes[1].variable
    assert found.attributes[1].values == (("1", "1"), ("dua", "dua"))


def test_no_answer_means_no_service_and_no_definition() -> None:
    for body in (b"<services/>", b"[]", b"{}", b"7", b'{"services": null}'):
        assert read_services(parse(body)) == []
        assert read_definition(parse(body)) is None


def test_xml_holds_no_character_that_it_must_not() -> None:
    case = ServiceRequest(id="A-1", notes="bel \x07 & <b>\r\nlagi")
    body = write_requests([case], "xml")

    assert body.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    (record,) = request_records(parse(body))
    assert read_request(record, UTC).notes == "bel  & <b>\nlagi"
