"""What a call sends, by its tables: paths, fields, formulas and encodings."""

import json
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

import pytest

from connectors.contract import Done, File, Pending, Skipped
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from connectors.systems.rest import RestSystem
from tests.unit.connectors.rest.asked import (
    answers,
    asking,
    described,
    path_of,
    query_of,
)
from tests.unit.connectors.rest.builders import delivery, event
from tests.unit.connectors.rest.servers import says

PICTURE = File(name='la "rge.jpg', media_type="image/jpeg", content=b"\xff\xd8\x00")


def submitting(**table: Any) -> dict[str, Any]:
    return {"submit": {"path": "/cases", "reference": "id", **table}}


def test_a_body_may_be_one_expression_over_all_that_is_known() -> None:
    body = """{
      "issue": {"subject": complaint.title, "project_id": 7,
                "tags": [key, tables.kind.road], "nobody": complaint.none}
    }"""
    settings = {**submitting(body=body), "tables": {"kind": {"road": "jalan"}}}
    with asking(settings, *answers({"id": 12})) as (rest, server):
        done = rest.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "12"
    assert json.loads(server.seen[0].body) == {
        "issue": {
            "subject": "Jalan berlubang",
            "project_id": 7,
            "tags": ["k-1", "jalan"],
        }
    }


def test_constants_keep_their_type_and_variables_and_formulas_are_fields() -> None:
    fields = {
        "project": 5,
        "private": True,
        "word": "=7",
        "ours": "$key",
        "title": "jsonata:$uppercase(complaint.title)",
    }
    with asking(submitting(fields=fields), *answers({"id": 1})) as (rest, server):
        rest.submit(delivery())

    assert json.loads(server.seen[0].body) == {
        "project": 5,
        "private": True,
        "word": "7",
        "ours": "k-1",
        "title": "JALAN BERLUBANG",
    }


@pytest.mark.parametrize("encoding", ["form", "query"])
def test_nested_fields_are_written_with_brackets_in_forms(encoding: str) -> None:
    table = submitting(fields={"issue.subject": "title"}, encoding=encoding)
    with asking(table, *answers({"id": 1})) as (rest, server):
        rest.submit(delivery())

    (seen,) = server.seen
    written = seen.body.decode() if encoding == "form" else seen.target.split("?")[1]
    assert parse_qsl(written) == [("issue[subject]", "Jalan berlubang")]


def test_multipart_carries_fields_and_files_as_parts() -> None:
    table = submitting(
        fields={"isi": "body"}, encoding="multipart", files={"field": "foto[]"}
    )
    with asking(table, *answers({"id": 1})) as (rest, server):
        assert rest.capabilities.files == "upload"
        rest.submit(delivery(files=(PICTURE,)))

    (seen,) = server.seen
    head = f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode()
    _, text, picture = message_from_bytes(head + seen.body).walk()
    assert text.get_payload() == "Di depan pasar Sukamaju."
    assert picture.get_filename() == "la %22rge.jpg"
    assert picture.get_content_type() == "image/jpeg"
    assert picture.get_payload(decode=True) == PICTURE.content


def test_a_text_body_is_sent_as_the_expression_writes_it() -> None:
    table = submitting(
        body='"<lapor><isi>" & complaint.body & "</isi></lapor>"',
        encoding="text",
        content_type="text/xml",
    )
    answer = says(200, b"<lapor><trackingid>77</trackingid></lapor>")
    table["submit"]["reference"] = "lapor.trackingid"
    with asking({**table, "answers": "xml"}, answer) as (rest, server):
        done = rest.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "77"
    assert server.seen[0].body.startswith(b"<lapor><isi>Di depan")
    assert server.seen[0].headers["content-type"] == "text/xml"


def test_a_reference_is_cut_out_of_a_location_header() -> None:
    place = {"at": "header:Location", "match": "/cases/([0-9]+)$"}
    table = submitting(fields={"isi": "body"})
    table["submit"]["reference"] = place
    answer = says(201, b"", Location="https://x.example/cases/4711")
    with asking(table, answer) as (rest, _):
        done = rest.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "4711"


def test_query_and_headers_are_filled_and_what_is_empty_is_left_out() -> None:
    table = submitting(
        method="PUT",
        fields={"isi": "body"},
        query={"day": "{today}", "none": "{complaint.nothing}"},
        headers={"X-Title": "{complaint.title}"},
    )
    with asking({**table, "headers": {"X-Version": "3"}}, *answers({"id": 1})) as it:
        it[0].submit(delivery(complaint={"title": "k\r\nX-Evil: 1", "body": "b"}))

    (seen,) = it[1].seen
    assert seen.method == "PUT"
    assert set(query_of(seen)) == {"day"}
    assert seen.headers["x-title"] == "k X-Evil: 1"
    assert seen.headers["x-version"] == "3"


def test_a_formula_that_fails_misconfigures_before_anything_is_sent() -> None:
    table = submitting(body="$sum(complaint.title)")
    with (
        asking(table, *answers({"id": 1})) as (rest, server),
        pytest.raises(Misconfigured, match="at character"),
    ):
        rest.submit(delivery())

    assert server.seen == []


RULES = [
    {"status": [200], "where": "body.ok = false", "then": "refused", "why": "no"},
    {"status": [404], "match": "maintenance", "then": "retry", "after_seconds": 9},
    {"status": [400], "header": "X-Quota", "match": "^0", "then": "misconfigured"},
    {"status": [400], "match": "duplicate", "then": "exists"},
]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"ok": false}', Refused),
        (404, b"down for maintenance", Retryable),
        (404, b"not here", Refused),
        (400, b"{}", Misconfigured),
        (500, b"{}", OutcomeUnknown),
    ],
)
def test_rules_say_what_an_answer_means(
    status: int, body: bytes, error: type[Exception]
) -> None:
    table = {**submitting(fields={"isi": "body"}), "errors": RULES}
    answer = says(status, body, **({"X_Quota": "0"} if status == 400 else {}))
    with asking(table, answer) as (rest, _), pytest.raises(error):
        rest.submit(delivery())


def test_a_declared_duplicate_may_name_the_case_itself() -> None:
    table = {**submitting(fields={"isi": "body"}), "errors": RULES}
    with asking(table, says(400, b'{"id": 9, "why": "duplicate"}')) as (rest, _):
        done = rest.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "9"


def test_a_success_must_look_like_one() -> None:
    success = {"where": "body.code = 0", "otherwise": "refused"}
    table = submitting(fields={"isi": "body"}, success=success)
    with (
        asking(table, *answers({"code": 5, "id": 1})) as (rest, _),
        pytest.raises(Refused, match="success"),
    ):
        rest.submit(delivery())


SENDS = [
    {
        "events": ["reporter_replied"],
        "path": "/cases/{reference}/notes",
        "fields": {"text": "text"},
    },
    {
        "events": ["withdrawn"],
        "method": "PATCH",
        "path": "/cases/{reference}",
        "headers": {"If-Match": "{etag}"},
        "fields": {"status": "=closed"},
        "before": [
            {
                "method": "GET",
                "path": "/cases/{reference}",
                "keep": {"etag": "header:ETag"},
            }
        ],
        "after": [
            {"path": "/cases/{reference}/log", "fields": {"why": "=withdrawn"}},
        ],
    },
]


def test_each_kind_of_event_has_its_own_call() -> None:
    with asking({"send": SENDS}, *answers({})) as (rest, server):
        assert rest.capabilities.takes == ("reporter_replied", "withdrawn")
        assert not rest.capabilities.coalesces
        words = {"text": "Masih ada."}
        rest.send(delivery(reference="a/b", events=(event(words=words),)))
        other = rest.send(delivery(reference="1", events=(event(type="merged_into"),)))

    assert isinstance(other, Skipped)
    assert [seen.target for seen in server.seen] == ["/cases/a%2Fb/notes"]
    assert json.loads(server.seen[0].body) == {"text": "Masih ada."}


def test_a_guarded_change_reads_first_and_is_not_repeated_by_what_follows() -> None:
    sent = delivery(reference="1", events=(event(type="withdrawn"),))
    with asking({"send": SENDS}, *answers({}, {}, {}, ETag='"v7"')) as (rest, server):
        first = rest.send(sent)
        assert isinstance(first, Pending)
        second = rest.send(sent.model_copy(update={"progress": first.progress}))

    assert isinstance(second, Done)
    assert [(seen.method, path_of(seen)) for seen in server.seen] == [
        ("GET", "/cases/1"),
        ("PATCH", "/cases/1"),
        ("POST", "/cases/1/log"),
    ]
    assert server.seen[1].headers["if-match"] == '"v7"'
    keys = [seen.headers.get("idempotency-key") for seen in server.seen]
    assert keys == [None, "k-1", "k-1-1"]


def test_a_case_that_was_changed_meanwhile_is_read_again() -> None:
    sent = delivery(reference="1", events=(event(type="withdrawn"),))
    read = says(200, b"{}", ETag='"v7"')
    with (
        asking({"send": SENDS}, read, says(412)) as (rest, _),
        pytest.raises(Retryable, match="412"),
    ):
        rest.send(sent)


def test_what_is_not_wanted_now_is_skipped() -> None:
    send = {
        "path": "/cases/{reference}",
        "fields": {"t": "text"},
        "when": "$exists(event.words.text)",
    }
    with asking({"send": send}, *answers({})) as (rest, server):
        skipped = rest.send(delivery(reference="1", events=(event(),)))

    assert isinstance(skipped, Skipped)
    assert server.seen == []


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (submitting(fields={"a": "body"}, path="/{nothing}"), "unknown nothing"),
        (submitting(fields={"a": "jsonata:a["}), "not JSONata"),
        (submitting(), "name fields, or the whole body"),
        (submitting(fields={"a": "body"}, body="{}"), "either fields"),
        (submitting(fields={"a": "body"}, encoding="raw"), "not for this call"),
        ({"send": {"path": "/x", "fields": {"a": "b"}}}, "not fields of an event"),
        ({"send": {"path": "/x", "events": ["nothing"]}}, "unknown nothing"),
        ({"token": {"path": "/x", "reference": "id"}}, "belong together"),
        ({"find": {"path": "/x", "reference": "id"}}, "takes our key"),
        ({"errors": [{"then": "retry"}]}, "without condition"),
    ],
)
def test_what_cannot_work_is_said_at_load(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        RestSystem.from_manifest(described(settings))
