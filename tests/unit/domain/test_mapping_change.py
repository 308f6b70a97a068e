"""Two mappings are held against each other by names and counts, never by values."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.mapping_change import (
    NO_JSON,
    Composed,
    MappingChange,
    added,
    field_changes,
    meaning,
)
from schemas.updates import AgencyUpdate, Corrupt

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.text(max_size=5), below, max_size=3)
    ),
    max_leaves=8,
)
UNMAPPED = Corrupt(code="unmapped_status", why="Ditunda")
STARTED = AgencyUpdate(reference="1", raw_status="Ditunda", event_type="work_started")


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_fields_that_come_go_and_change_are_named_once() -> None:
    old = body(a=1, gone="x", deep={"b": [1, 2]}, same=[{"c": 1}])
    new = body(a=2, come="y", deep={"b": [1, 3]}, same=[{"c": 1}])

    assert field_changes(old, new) == ["+come", "-gone", "~a", "~deep.b[]"]


def test_what_is_no_json_differs_as_a_whole() -> None:
    assert field_changes(b"<a/>", b"<b/>") == [f"~{NO_JSON}"]
    assert field_changes(b"<a/>", b"<a/>") == []


@given(DOCUMENTS)
def test_a_document_never_differs_from_itself(document: object) -> None:
    text = json.dumps(document).encode()
    spaced = json.dumps(document, indent=2).encode()
    assert field_changes(text, spaced) == []


def test_a_delivery_that_could_not_be_made_any_more_is_counted_by_its_reason() -> None:
    found = MappingChange()
    found.delivery("c1", Composed(b"{}", "POST /a"), Composed(fault="no title"))
    found.delivery("c1", Composed(b"{}", "POST /a"), Composed(b"{}", "POST /b"))
    found.delivery("c2", Composed(b"{}", "POST /a"), Composed(b"{}", "POST /a"))

    document = found.document()

    assert (document["deliveries"], document["differ"], document["fail_now"]) == (
        3,
        2,
        1,
    )
    assert document["faults"] == {"no title": 1}
    assert found.complaints == {"c1"}


def test_a_word_that_is_mapped_now_would_leave_quarantine() -> None:
    found = MappingChange()
    found.update("c1", [UNMAPPED], [STARTED], quarantined=True)
    found.update(None, [UNMAPPED], [UNMAPPED], quarantined=True)
    found.update("c1", [STARTED], [STARTED], quarantined=False)

    assert found.document()["read_otherwise"] == {"unmapped_status -> work_started": 1}
    assert (found.updates, found.would_pass) == (3, 1)


def test_a_meaning_has_no_word_of_the_agency() -> None:
    assert meaning([STARTED, UNMAPPED]) == "work_started, unmapped_status"
    assert meaning([]) == "nothing"


def test_counts_of_two_looks_are_added_name_by_name() -> None:
    one = {"updates": 1, "fields": {"~a": 1}}
    assert added({}, one) == one
    assert added(one, {"updates": 2, "fields": {"~a": 1, "+b": 3}}) == {
        "updates": 3,
        "fields": {"~a": 2, "+b": 3},
    }
