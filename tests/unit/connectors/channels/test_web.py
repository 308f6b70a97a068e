import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.channels.web import WebChannel
from connectors.contract import (
    HttpDoor,
    HttpRequest,
    HttpResponse,
    Item,
    New,
    Receiptful,
    Reply,
    Take,
    Unreadable,
)
from schemas.raw import RawMessage
from tests.unit.connectors.channels.builders import (
    CODE,
    PHONE,
    complaint_of,
    entry,
    only,
    reply_of,
    web_channel,
    web_request,
)

COMPLAINT = {
    "type": "suggestion",
    "title": "Lampu jalan padam",
    "body": "Lampu di Kampung Melati padam sejak Senin.",
    "language": "id",
    "incident_on": "2026-11-20",
    "region": {"scheme": "kemendagri", "code": "32.76"},
    "place": {"text": "Kampung Melati"},
    "category": {"scheme": "sp4n", "code": "pekerjaan-umum"},
    "claimed_agency": "",
    "anonymous": True,
    "confidential": False,
    "reporter": {"name": "Sari", "email": "sari@warga.example", "phone": "08120001234"},
}
SMALL = {"title": "Lampu", "body": "Padam."}
REPLIES = f"/api/v1/complaints/{CODE}/replies"
RECEIPT = Receiptful(state="new", journal_id="j", code=CODE, public_number="123")


def _door(path: str = "/api/v1/complaints") -> HttpDoor:
    complaints, replies = web_channel().doors()
    return complaints if path == complaints.path else replies


def _raw(request: HttpRequest) -> RawMessage:
    take = _door(request.path).read(request)
    assert isinstance(take, Take), take
    (raw,) = take.raws
    return raw


def _refusal(request: HttpRequest) -> HttpResponse:
    answer = _door(request.path).read(request)
    assert isinstance(answer, HttpResponse), answer
    assert answer.content_type == "application/problem+json"
    return answer


def _errors(body: bytes | dict[str, object]) -> dict[str, str]:
    answer = _refusal(web_request(body))
    assert answer.status == 422
    return {e["pointer"]: e["code"] for e in json.loads(answer.body)["errors"]}


def _read(request: HttpRequest) -> Item:
    return only(web_channel().normalise(entry(_raw(request))))


def test_a_full_complaint_is_read() -> None:
    complaint = complaint_of(_read(web_request(COMPLAINT)))

    assert complaint.type == "suggestion"
    assert complaint.title == "Lampu jalan padam"
    assert complaint.incident_on == date(2026, 11, 20)
    assert complaint.region is not None
    assert complaint.region.code == "32.76"
    assert complaint.place.text == "Kampung Melati"
    assert complaint.anonymous
    assert complaint.channel == "web"
    assert complaint.reporter.phone == PHONE


def test_a_title_and_a_body_are_enough() -> None:
    assert complaint_of(_read(web_request(SMALL))).type == "complaint"


def test_controls_and_direction_marks_go() -> None:
    body = {"title": "Lampu\r\nBcc: x", "body": "Padam\u202e\u0007\r\nsekali"}

    complaint = complaint_of(_read(web_request(body)))

    assert (complaint.title, complaint.body) == ("Lampu Bcc: x", "Padam\nsekali")


def test_a_number_that_cannot_be_read_stays_as_given() -> None:
    body = SMALL | {"reporter": {"phone": "12 34"}}

    assert complaint_of(_read(web_request(body))).reporter.phone == "12 34"


def test_the_raw_message_waits_for_a_code_and_may_be_spooled() -> None:
    raw = _raw(web_request(COMPLAINT))

    assert (raw.source, raw.lane) == ("web", "intake.web")
    assert raw.source_key.startswith("public:")
    assert raw.source_key.endswith(":7f9c2d1a-key")
    assert raw.spoolable
    assert raw.expects_complaint


def test_a_reply_is_read_with_its_code_as_typed() -> None:
    path = "/api/v1/complaints/abcd%20efgh%20j/replies"
    request = web_request({"text": "Sudah menyala."}, path=path)

    reply = reply_of(_read(request))

    assert (reply.code, reply.text) == ("abcd efgh j", "Sudah menyala.")
    assert (reply.carrier, reply.contact_kind, reply.contact) == ("code", "code", "")
    assert not _raw(request).expects_complaint


def test_one_key_for_replies_to_two_complaints_is_two_keys() -> None:
    other = REPLIES.replace("ABCD", "WXYZ")
    lower = REPLIES.replace(CODE, "abcdefghj")

    keys = [
        _raw(web_request({"text": "a"}, path=p)).source_key
        for p in (REPLIES, other, lower)
    ]

    assert keys[0] == keys[2] != keys[1]


@pytest.mark.parametrize(
    "code", ["x", "ABCD-EFGH", "%00", "..", "ABCDEFGHJK", "äbcdefghj"]
)
def test_a_reply_to_what_is_no_code_is_not_found(code: str) -> None:
    request = web_request({"text": "a"}, path=f"/api/v1/complaints/{code}/replies")

    assert _refusal(request).status == 404


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 256, "mit leer zeichen", "sch\u00f6ner-key"]
)
def test_without_a_good_key_it_is_refused(key: str) -> None:
    assert _refusal(web_request(SMALL, key=key)).status == 400


def test_a_key_in_quotes_is_the_same_key() -> None:
    bare, quoted = (
        web_request(SMALL, key="12345678"),
        web_request(SMALL, key='"12345678"'),
    )

    assert _raw(bare).source_key == _raw(quoted).source_key


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data"])
def test_another_content_type_is_refused(content_type: str) -> None:
    assert _refusal(web_request(SMALL, content_type=content_type)).status == 415


def test_a_charset_beside_the_content_type_is_taken() -> None:
    assert _raw(web_request(SMALL, content_type="Application/JSON; charset=utf-8"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"title": "a",}',
        b"\xff\xfe",
        b'{"title": "\xff", "body": "b"}',
        b'{"title": "a\x00", "body": "b"}',
        b'{"title": "\\ud800", "body": "b"}',
        b"[" * 100_000,
        b'{"title": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_is_refused_as_such(body: bytes) -> None:
    assert _refusal(web_request(body)).status == 400


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    assert _refusal(web_request(body)).status == 422


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"title": ""}, "/title", "string_too_short"),
        ({"title": " \u200b "}, "/title", "string_too_short"),
        ({"title": "x" * 256}, "/title", "string_too_long"),
        ({"body": "x" * 10_001}, "/body", "string_too_long"),
        ({"body": None}, "/body", "string_type"),
        ({"body": 7}, "/body", "string_type"),
        ({"body": "a\x00b"}, "/body", "nul_character"),
        ({"place": {"text": "a\x00b"}}, "/place/text", "nul_character"),
        ({"place": {"latitude": 91}}, "/place/latitude", "less_than_equal"),
        ({"type": "praise"}, "/type", "enum"),
        ({"anonymous": "yes"}, "/anonymous", "bool_type"),
        ({"incident_on": "kemarin"}, "/incident_on", "date_parsing"),
        ({"region": {"code": "Depok"}}, "/region/code", "string_pattern_mismatch"),
        ({"reporter": {"email": "sari"}}, "/reporter/email", "string_pattern_mismatch"),
        ({"colour": "red"}, "/colour", "extra_forbidden"),
        ({"sari@warga.example": "x"}, "/?", "extra_forbidden"),
        ({"reporter": {"nik": [1]}}, "/reporter/nik", "string_type"),
    ],
)
def test_a_wrong_field_is_named(
    changes: dict[str, object], pointer: str, code: str
) -> None:
    assert _errors(SMALL | changes) == {pointer: code}


def test_a_missing_field_is_named() -> None:
    assert _errors({}) == {"/title": "missing", "/body": "missing"}


SECRET = "rahasia9900112233"


@given(
    st.dictionaries(
        st.sampled_from([*COMPLAINT, f"{SECRET}@x"]),
        st.sampled_from(
            [SECRET, [SECRET], {SECRET + "!": SECRET}, {"code": SECRET}, SECRET * 900]
        ),
        min_size=1,
    )
)
def test_a_refusal_never_repeats_what_was_sent(body: dict[str, object]) -> None:
    answer = _door().read(web_request(body))

    if isinstance(answer, HttpResponse):
        assert SECRET.encode() not in answer.body


@pytest.mark.parametrize("state", ["new", "seen", "spooled"])
def test_what_was_stored_is_answered_with_its_code(state: str) -> None:
    receipt = RECEIPT.model_copy(update={"state": state})

    answer = _door().answer(web_request(SMALL), [receipt])

    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/v1/complaints/{CODE}"
    assert json.loads(answer.body) == {
        "code": CODE,
        "public_number": "123",
        "status_url": f"/t/{CODE}",
    }


@pytest.mark.parametrize("path", ["/api/v1/complaints", REPLIES])
def test_the_same_key_with_another_body_is_refused(path: str) -> None:
    revised = RECEIPT.model_copy(update={"state": "revised"})

    answer = _door(path).answer(web_request(SMALL, path=path), [revised])

    assert answer.status == 422
    assert answer.content_type == "application/problem+json"


def test_a_stored_reply_is_accepted() -> None:
    assert _door(REPLIES).answer(web_request({}, path=REPLIES), [RECEIPT]).status == 202


def test_when_nothing_could_be_stored_the_caller_is_to_come_again() -> None:
    answer = _door().unavailable(web_request(SMALL))

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_there_is_no_way_back_and_no_setting() -> None:
    assert web_channel().way_back() is None
    with pytest.raises(ValidationError):
        WebChannel.from_config({"colour": "red"})


@given(st.binary(max_size=300), st.sampled_from(["/api/v1/complaints", REPLIES]))
def test_no_bytes_break_the_door(body: bytes, path: str) -> None:
    assert isinstance(
        _door(path).read(web_request(body, path=path)), HttpResponse | Take
    )


@given(
    st.binary(max_size=300)
    | st.dictionaries(
        st.sampled_from([*COMPLAINT, "text"]), st.text(st.characters())
    ).map(lambda fields: json.dumps(fields).encode()),
    st.sampled_from(["", "/api/v1/complaints", "/api/v1/complaints/{code}/replies"]),
)
def test_no_bytes_break_the_reader(body: bytes, route: str) -> None:
    raw = RawMessage(
        source="web",
        lane="intake.web",
        source_key="k",
        body=body,
        meta={"route": route, "code": CODE},
    )

    item = only(web_channel().normalise(entry(raw)))

    assert isinstance(item, New | Reply | Unreadable)
