import json
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.channels.sms import SmsChannel
from connectors.contract import (
    HttpDoor,
    HttpResponse,
    Item,
    OptOut,
    Receipt,
    Receiptful,
    Take,
    Unreadable,
)
from schemas.parties import IdentityLevel
from schemas.raw import RawMessage
from tests.unit.connectors.channels.builders import (
    PHONE,
    complaint_of,
    entry,
    gateway,
    ignored_of,
    only,
    query_of,
    reply_of,
    sms_channel,
    sms_request,
)

MESSAGE = {
    "id": "m-1",
    "from": "08120001234",
    "to": "1708",
    "text": "LAPOR Jalan Kenanga berlubang",
    "time": "2026-11-24T10:00:00+07:00",
}
KEYWORDS = {"LAPOR": "", "KOMPLAIN": "", "KTP": "kependudukan"}
STORED = Receiptful(state="new", journal_id="j1", code="ABCD-EFGH-J")


def _door(path: str = "/channels/sms/nusa") -> HttpDoor:
    return next(door for door in sms_channel().doors() if door.path == path)


def _raw(
    body: bytes | Mapping[str, object],
    content_type: str = "application/json",
    below: str = "",
) -> RawMessage:
    path = f"/channels/sms/nusa{below}"
    take = _door(path).read(sms_request(body, path=path, content_type=content_type))
    assert isinstance(take, Take), take
    return only_raw(take)


def only_raw(take: Take) -> RawMessage:
    (raw,) = take.raws
    return raw


def _read(
    body: bytes | Mapping[str, object], content_type: str = "application/json"
) -> Item:
    channel = sms_channel(keywords=KEYWORDS)
    return only(channel.normalise(entry(_raw(body, content_type))))


def _said(text: str, sender: str = "08120001234") -> Item:
    return _read(MESSAGE | {"text": text, "from": sender})


def test_a_message_becomes_a_raw_message_of_its_gateway() -> None:
    raw = _raw(MESSAGE)

    assert (raw.source, raw.lane, raw.source_key) == (
        "sms:nusa",
        "intake.sms",
        "id:m-1",
    )
    assert json.loads(raw.body) == MESSAGE
    assert raw.spoolable
    assert raw.expects_complaint


def test_json_and_form_of_a_message_say_the_same() -> None:
    form = urlencode(MESSAGE).encode()

    assert _read(form, "application/x-www-form-urlencoded") == _read(MESSAGE)


@pytest.mark.parametrize("shown", ["", "wrong", "gateway-secret2", "gäteway"])
def test_a_wrong_secret_is_turned_away(shown: str) -> None:
    answer = _door().read(sms_request(MESSAGE, secret=shown))

    assert isinstance(answer, HttpResponse)
    assert answer.status == 401
    assert answer.content_type == "application/problem+json"


def test_the_right_secret_in_another_scheme_is_turned_away() -> None:
    request = sms_request(MESSAGE)
    basic = request.model_copy(update={"headers": {"authorization": "gateway-secret"}})

    answer = _door().read(basic)

    assert isinstance(answer, HttpResponse)


@pytest.mark.parametrize("state", ["new", "seen", "revised", "spooled"])
def test_whatever_was_stored_is_acknowledged(state: str) -> None:
    receipt = STORED.model_copy(update={"state": state})

    answer = _door().answer(sms_request(MESSAGE), [receipt])

    assert (answer.status, json.loads(answer.body)) == (200, {"status": "accepted"})


def test_when_nothing_could_be_stored_the_gateway_is_to_come_again() -> None:
    answer = _door().unavailable(sms_request(MESSAGE))

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"id": "m-1", "from": "0812"}',
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_cannot_be_read_is_stored_all_the_same(body: bytes) -> None:
    raw = _raw(body)

    assert raw.body == body
    assert isinstance(only(sms_channel().normalise(entry(raw))), Unreadable)


def test_a_form_that_is_no_utf_8_is_unreadable() -> None:
    item = _read(b"from=0812&text=%ff%fe", "application/x-www-form-urlencoded")

    assert isinstance(item, Unreadable)


def test_nul_bytes_in_a_text_are_dropped() -> None:
    assert complaint_of(_said("jalan\x00 rusak")).body == "jalan rusak"


def test_without_an_id_the_key_is_sender_text_and_minute() -> None:
    bare: dict[str, object] = {k: v for k, v in MESSAGE.items() if k != "id"}
    same_minute = bare | {"time": "2026-11-24T10:00:59+07:00"}
    next_minute = bare | {"time": "2026-11-24T10:01:00+07:00"}

    assert _raw(bare).source_key == _raw(same_minute).source_key
    assert _raw(bare).source_key != _raw(next_minute).source_key
    assert _raw(bare).source_key.startswith("sha256:")


@pytest.mark.parametrize("given", ["x" * 3000, "a b", "\ud800", "\x00", "ключ"])
def test_a_strange_id_is_hashed(given: str) -> None:
    assert _raw(MESSAGE | {"id": given}).source_key.startswith("sha256:")


def test_a_numeric_id_is_an_id() -> None:
    assert _raw(MESSAGE | {"id": 4711}).source_key == "id:4711"


def test_the_word_lapor_is_no_part_of_the_complaint() -> None:
    complaint = complaint_of(_said("Lapor: jalan Kenanga berlubang"))

    assert complaint.body == "jalan Kenanga berlubang"
    assert complaint.keyword == ""
    assert complaint.reporter.phone == PHONE
    assert complaint.reporter.line == "1708"


@pytest.mark.parametrize("text", ["KOMPLAIN*air keruh", "komplain#air keruh"])
def test_a_keyword_may_be_parted_by_marks(text: str) -> None:
    assert complaint_of(_said(text)).body == "air keruh"


def test_a_keyword_for_routing_stays_in_the_text() -> None:
    complaint = complaint_of(_said("ktp saya belum jadi"))

    assert (complaint.body, complaint.keyword) == (
        "ktp saya belum jadi",
        "kependudukan",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Jalan rusak",
        "STOP pungli di terminal",
        "TL jalan rusak",
        "Status jalan di kampung kami bagaimana",
        "Status saya mohon dijawab",
        "ktpku hilang",
        "???a",
    ],
)
def test_what_is_no_command_is_a_complaint(text: str) -> None:
    assert complaint_of(_said(text)).body == text


def test_the_title_is_the_beginning_of_the_text() -> None:
    text = "Air PDAM di Kelurahan Mekarsari mati sejak hari Minggu dan belum menyala"

    title = complaint_of(_said(text)).title

    assert text.startswith(title + " ")
    assert 40 < len(title) <= 60


def test_a_very_long_text_is_cut_and_says_so() -> None:
    complaint = complaint_of(_said("a" * 20_000))

    assert len(complaint.body) == 10_000
    assert complaint.truncated


@pytest.mark.parametrize("word", ["STOP", "stop.", " Unreg ", "BERHENTI!"])
def test_the_word_stop_alone_ends_our_messages(word: str) -> None:
    assert _said(word) == OptOut(
        contact_kind="phone",
        contact=PHONE,
        line="1708",
        level=IdentityLevel.PHONE_SEEN,
    )


def test_the_word_mulai_brings_them_back() -> None:
    item = _said("mulai")

    assert isinstance(item, OptOut)
    assert not item.opted_out


SPELLINGS = st.tuples(
    st.text("0123456789abcdefghjkmnpqrstvwxyzABCDEFGHJKMNPQRSTVWXYZ", min_size=9)
    .map(lambda text: text[:9])
    .filter(lambda text: len(text) == 9),
    st.sampled_from(["", "-", " ", " - ", "--"]),
    st.sampled_from(["", "-", " ", " - "]),
)


@given(SPELLINGS, st.sampled_from(["TL", "tl", "Tl", "BALAS"]))
def test_a_code_is_found_however_it_is_typed(
    spelling: tuple[str, str, str], word: str
) -> None:
    code, first, second = spelling
    typed = code[:4] + first + code[4:8] + second + code[8:]

    reply = reply_of(_said(f"{word} {typed} sudah diperbaiki, terima kasih"))

    assert "".join(filter(str.isalnum, reply.code)) == code
    assert reply.text == "sudah diperbaiki, terima kasih"
    assert (reply.contact_kind, reply.contact, reply.carrier) == (
        "phone",
        PHONE,
        "code",
    )


def test_words_that_only_look_like_a_code_are_a_complaint_otherwise() -> None:
    reply = reply_of(_said("TL saya mohon jalan diperbaiki"))

    assert reply.otherwise is not None
    assert reply.otherwise.body == "TL saya mohon jalan diperbaiki"


@given(SPELLINGS)
def test_a_status_question_has_the_code_as_typed(
    spelling: tuple[str, str, str],
) -> None:
    code, first, second = spelling
    typed = code[:4] + first + code[4:8] + second + code[8:]

    query = query_of(_said(f"status {typed}"))

    assert query.kind == "status"
    assert "".join(filter(str.isalnum, query.code)) == code
    assert (query.contact, query.line) == (PHONE, "1708")


def test_polite_words_behind_a_code_change_no_question() -> None:
    query = query_of(_said("Status abcd-efgh-j, terima kasih"))

    assert (query.kind, query.code) == ("status", "abcd-efgh-j")


def test_a_sentence_behind_the_code_of_a_question_is_passed_on() -> None:
    reply = reply_of(_said("STATUS ABCD-EFGH-J pipa sekarang pecah lagi"))

    assert (reply.code, reply.text) == ("ABCD-EFGH-J", "pipa sekarang pecah lagi")


@pytest.mark.parametrize("text", ["", "  ", "...", "\x00\x01"])
def test_an_empty_message_is_answered_by_a_question(text: str) -> None:
    assert query_of(_said(text)).kind == "no_content"


@pytest.mark.parametrize("text", ["LAPOR", "lapor =/", "bantuan", "TL"])
def test_a_command_without_anything_is_answered_by_help(text: str) -> None:
    assert query_of(_said(text)).kind == "help"


def test_a_reply_without_words_is_asked_for_them() -> None:
    query = query_of(_said("TL ABCD-EFGH-J"))

    assert (query.kind, query.code) == ("no_content", "ABCD-EFGH-J")


@pytest.mark.parametrize("sender", ["1708", "NUSASEL", ""])
def test_nobody_behind_a_short_code_is_answered(sender: str) -> None:
    assert ignored_of(_said("STATUS ABCD-EFGH-J", sender)).rule == "no_number"
    assert ignored_of(_said("STOP", sender)).rule == "no_number"
    assert complaint_of(_said("Jalan rusak", sender)).reporter.phone == ""


@pytest.mark.parametrize(
    ("raw_state", "state", "permanent"),
    [
        ("delivered", "delivered", False),
        ("DELIVRD", "delivered", False),
        ("undeliv", "failed", True),
        ("REJECTD", "failed", True),
        ("expired", "failed", False),
        ("failed", "failed", False),
        ("sent", "sent", False),
        ("42", "unknown", False),
    ],
)
def test_a_receipt_tells_the_state_in_our_words(
    raw_state: str, state: str, *, permanent: bool
) -> None:
    body = {"client_reference": "k1", "id": "gw-1", "state": raw_state}
    raw = _raw(body, below="/receipts")

    item = only(sms_channel().normalise(entry(raw)))

    assert not raw.expects_complaint
    assert item == Receipt(
        client_reference="k1",
        external_id="gw-1",
        state=state,
        raw_state=raw_state,
        permanent=permanent,
    )


def test_each_state_of_a_message_is_a_receipt_of_its_own() -> None:
    sent = {"client_reference": "k1", "id": "gw-1", "state": "sent"}

    keys = {
        _raw(sent | {"state": state}, below="/receipts").source_key
        for state in ("sent", "delivered", "sent")
    }

    assert len(keys) == 2


def test_a_receipt_of_nothing_is_unreadable() -> None:
    raw = _raw({"state": "delivered"}, below="/receipts")

    assert isinstance(only(sms_channel().normalise(entry(raw))), Unreadable)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"gateways": {}},
        {"gateways": {"Nusa!": gateway()}},
        {"gateways": {"nusa": gateway(secret="")}},
        {"gateways": {"nusa": gateway(colour="red")}},
        {"gateways": {"nusa": gateway()}, "colour": "red"},
        {"gateways": {"nusa": gateway(send_url="ftp://x")}},
    ],
)
def test_a_wrong_configuration_is_refused(config: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SmsChannel.from_config(config)


def test_secrets_do_not_show_in_the_configuration() -> None:
    channel = sms_channel()

    assert "gateway-secret" not in repr(channel._config)
    assert "hub-secret" not in repr(channel._config)


def _anything(body: bytes, content_type: str, kind: str) -> Item:
    raw = RawMessage(
        source="sms:nusa",
        lane="intake.sms",
        source_key="k",
        body=body,
        content_type=content_type,
        meta={"kind": kind, "line": "1708"},
    )
    return only(sms_channel(keywords=KEYWORDS).normalise(entry(raw)))


KINDS = st.sampled_from(["message", "receipt", ""])
TYPES = st.sampled_from(["application/json", "application/x-www-form-urlencoded", "x"])


@given(st.binary(max_size=300), TYPES, KINDS)
def test_no_bytes_break_the_reader(body: bytes, content_type: str, kind: str) -> None:
    assert _anything(body, content_type, kind)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(["id", "from", "to", "text", "time", "client_reference"]), JSON
    ),
    KINDS,
)
def test_no_fields_break_the_reader_or_the_door(
    fields: dict[str, object], kind: str
) -> None:
    body = json.dumps(fields).encode()

    assert _raw(body, below="/receipts" if kind == "receipt" else "")
    assert _anything(body, "application/json", kind)
