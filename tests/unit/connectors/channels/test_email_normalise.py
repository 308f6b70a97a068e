from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.channels.email.raw import INTERNAL_DATE, raw_message
from connectors.contract import Item, New, OptOut, Receipt, Reply, Unreadable
from connectors.protocols.mail.phrases import DELIMITER, END_OF_OURS
from tests.unit.connectors.channels.builders import (
    CITIZEN,
    CODE,
    DOMAIN,
    KEY,
    MAILBOX,
    complaint_of,
    email_channel,
    entry,
    ignored_of,
    mail,
    only,
    query_of,
    read_letter,
    read_mail,
    reply_of,
)

QUOTED = f"""\
Lampunya sudah menyala, terima kasih.

Pada Sab, 28 Nov 2026 pukul 14.59 Layanan Pengaduan <{MAILBOX}>
menulis:

> {DELIMITER}
>
> Yth. Sari Wulandari,
>
> Dinas mulai menangani laporan Anda.
"""


def test_a_mail_becomes_a_complaint() -> None:
    complaint = complaint_of(read_mail(mail()))

    assert complaint.title == "Lampu jalan padam"
    assert complaint.body == "Lampu jalan di Kampung Melati padam sejak Senin."
    assert complaint.channel == "email"
    assert complaint.reporter.name == "Sari Wulandari"
    assert complaint.reporter.email == CITIZEN
    assert complaint.reporter.thread_id == "<satu@warga.example>"
    assert complaint.reporter.thread_subject == "Lampu jalan padam"
    assert complaint.reporter.line == MAILBOX
    assert not complaint.truncated


def test_without_a_subject_it_says_so() -> None:
    assert complaint_of(read_letter("Jalan rusak", subject="")).title == "(tanpa judul)"


def test_a_text_beyond_the_limit_is_cut_and_says_so() -> None:
    complaint = complaint_of(read_letter("kata " * 5_000))

    assert len(complaint.body) <= 10_000
    assert complaint.truncated


def test_a_very_long_subject_is_cut() -> None:
    complaint = complaint_of(read_letter("Jalan rusak", subject="judul " * 300))

    assert len(complaint.title) <= 255


def test_a_complaint_keeps_all_it_quotes() -> None:
    text = (
        "Mohon bantuan.\n\n---------- Pesan terusan ----------\nDari: RT\n\nAir mati."
    )

    assert complaint_of(read_letter(text)).body == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n\n",
        "Dikirim dari iPhone saya",
        "-- \nSari Wulandari\nRT 05",
        "\x00\x07",
    ],
)
def test_a_mail_without_words_is_asked_for_them(text: str) -> None:
    raw = mail("isi").replace(b"isi", text.encode())

    query = query_of(read_mail(raw))

    assert query.kind == "no_content"
    assert (query.contact_kind, query.contact) == ("email", CITIZEN)
    assert (query.line, query.thread_id) == (MAILBOX, "<satu@warga.example>")
    assert query.thread_subject == "Lampu jalan padam"


def test_nobody_is_asked_where_there_is_no_sender() -> None:
    raw = mail("x", sender="undisclosed").replace(b"\nx", b"\n")

    assert ignored_of(read_mail(raw)).rule == "no_sender"


def test_a_picture_without_words_is_a_complaint() -> None:
    raw = (
        b"From: sari@warga.example\r\nMIME-Version: 1.0\r\nSubject: Foto\r\n"
        b"Content-Type: image/jpeg; name=jalan.jpg\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
    )

    item = read_mail(raw)

    assert isinstance(item, New)
    assert item.complaint.body == "(tanpa teks, lihat lampiran)"
    assert [(f.name, f.media_type, f.content) for f in item.files] == [
        ("jalan.jpg", "image/jpeg", b"\0\1\2")
    ]


@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        ({"Auto_Submitted": "auto-replied (vacation)"}, "vacation"),
        ({"Auto_Submitted": "auto-generated; owner"}, "auto_submitted"),
        ({"Precedence": "Bulk"}, "precedence"),
        ({"Precedence": "auto_reply"}, "precedence"),
        ({"List_Id": "<warga.milis.example>"}, "list"),
        ({"X_Autoreply": "yes"}, "auto_header"),
        ({"X_Simpul_Loop": DOMAIN}, "own_message"),
        ({"sender": "MAILER-DAEMON@mx.example"}, "daemon"),
        ({"sender": f"Lapor <{MAILBOX}>"}, "own_address"),
        ({"subject": "Balasan otomatis: Lampu jalan"}, "vacation"),
        ({"subject": "Re: Jawaban Otomatis"}, "vacation"),
        ({"subject": "Di luar kantor"}, "vacation"),
        ({"subject": "Automatic reply: Re: Lampu"}, "vacation"),
        ({"subject": "Out of Office"}, "vacation"),
        (
            {
                "subject": "Di luar kantor sampai Senin",
                "X_Auto_Response_Suppress": "OOF",
            },
            "suppressed",
        ),
    ],
)
def test_a_machine_is_never_answered(headers: dict[str, str], rule: str) -> None:
    ignored = ignored_of(read_letter("Saya sedang tidak di tempat.", **headers))

    assert ignored.rule == rule
    assert ignored.why


@pytest.mark.parametrize("sender", ["", "<>", "MAILER-DAEMON@mx.example", "postmaster"])
def test_an_envelope_without_a_person_is_a_machine(sender: str) -> None:
    assert ignored_of(read_mail(mail(), sender=sender)).rule == "null_sender"


def test_a_delivery_report_is_a_machine() -> None:
    raw = (
        b"From: sari@warga.example\r\nSubject: gagal\r\nContent-Type: "
        b'multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nTidak sampai.\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n--b--\r\n"
    )

    assert ignored_of(read_mail(raw)).rule == "report"


def _report(status: str, message_id: str) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nSubject: gagal\r\nContent-Type: "
        'multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nTidak sampai.\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n"
        f"Status: {status}\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Subject: Kabar\r\nMessage-ID: {message_id}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("status", ["5.1.1", "5.1.10", "5.2.1"])
def test_a_report_that_an_address_is_gone_is_a_receipt_of_our_mail(status: str) -> None:
    item = read_mail(_report(status, f"<{KEY}@{DOMAIN}>"), sender="")

    assert item.model_copy(update={"trace": ()}) == Receipt(
        client_reference=KEY, state="failed", raw_state=status, permanent=True
    )


@pytest.mark.parametrize(
    ("status", "message_id"),
    [
        ("4.2.2", f"<{KEY}@{DOMAIN}>"),
        ("5.2.2", f"<{KEY}@{DOMAIN}>"),
        ("5.7.1", f"<{KEY}@{DOMAIN}>"),
        ("5.1.8", f"<{KEY}@{DOMAIN}>"),
        ("5.1.1", f"<{KEY}@other.example>"),
        ("5.1.1", "<a@b>"),
    ],
)
def test_a_report_that_says_less_is_a_machine(status: str, message_id: str) -> None:
    assert ignored_of(read_mail(_report(status, message_id))).rule == "report"


@pytest.mark.parametrize(
    ("words", "opted_out"),
    [("STOP", True), ("Berhenti.", True), (" unsubscribe ", True), ("Mulai", False)],
)
def test_the_word_stop_alone_in_a_reply_ends_our_mails(
    words: str, *, opted_out: bool
) -> None:
    item = read_mail(mail(words), to=f"lapor+{CODE}@{DOMAIN}")

    assert isinstance(item, OptOut)
    assert (item.contact, item.code, item.opted_out) == (CITIZEN, CODE, opted_out)


def test_the_button_of_a_mail_program_ends_our_mails() -> None:
    raw = mail("", subject="BERHENTI")

    assert isinstance(read_mail(raw, to=f"lapor+{CODE}@{DOMAIN}"), OptOut)


@pytest.mark.parametrize("words", ["STOP pungli di pasar", "Tolong berhenti dulu"])
def test_a_sentence_with_the_word_is_a_reply(words: str) -> None:
    assert reply_of(read_mail(mail(words), to=f"lapor+{CODE}@{DOMAIN}")).text == words


def test_stop_without_a_code_is_read_like_any_mail() -> None:
    assert isinstance(read_mail(mail("STOP")), New)


def test_a_message_id_of_our_own_domain_is_our_own_mail() -> None:
    raw = mail().replace(b"satu@warga.example", f"{KEY}@{DOMAIN}".encode())

    assert ignored_of(read_mail(raw)).rule == "own_message"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "no"},
        {"Precedence": "normal"},
        {"X_Auto_Response_Suppress": "All"},
        {"subject": "Di luar kantor kelurahan banyak sampah"},
        {"subject": "Balasan otomatis tidak membantu saya"},
        {"subject": "Pesan otomatiskan saja"},
    ],
)
def test_a_person_is_no_machine(headers: dict[str, str]) -> None:
    assert complaint_of(read_letter("Sampah menumpuk.", **headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"to": f"lapor+{CODE}@{DOMAIN}"},
        {"to": f"Lapor <LAPOR+{CODE}@{DOMAIN.upper()}>, x@y.example"},
        {"Cc": f"lapor+{CODE}@{DOMAIN}"},
        {"Delivered_To": f"lapor+{CODE}@{DOMAIN}"},
    ],
)
def test_a_plus_address_names_the_complaint(headers: dict[str, str]) -> None:
    reply = reply_of(read_letter(QUOTED, **headers))

    assert (reply.code, reply.carrier) == (CODE, "plus_address")
    assert reply.text == "Lampunya sudah menyala, terima kasih."
    assert (reply.contact_kind, reply.contact) == ("email", CITIZEN)


def test_the_envelope_is_asked_before_the_headers() -> None:
    raw = mail(to=f"lapor+AAAA-AAAA-A@{DOMAIN}")

    reply = reply_of(read_mail(raw, to=f"lapor+{CODE}@{DOMAIN}"))

    assert reply.code == CODE


def test_our_message_ids_name_the_complaint_nearest_first() -> None:
    reply = reply_of(
        read_letter(
            QUOTED,
            In_Reply_To=f"<third@{DOMAIN}>",
            References=f"<first@{DOMAIN}> <x@warga.example> <second@{DOMAIN}>"
            f" <third@{DOMAIN}>",
        )
    )

    assert reply.reply_to == ("third", "second", "first")
    assert (reply.code, reply.carrier) == ("", "references")


@pytest.mark.parametrize(
    "tag", [f"[LAPOR {CODE}]", "[lapor abcd efgh j]", "[LAPOR #abcdefghj]"]
)
def test_a_tag_in_the_subject_names_the_complaint(tag: str) -> None:
    reply = reply_of(read_letter(QUOTED, subject=f"Re: Lampu jalan {tag}"))

    assert reply.carrier == "subject"
    assert "".join(filter(str.isalnum, reply.code)).upper() == "ABCDEFGHJ"


def test_our_own_line_in_a_quotation_names_the_complaint() -> None:
    quote = f"> Halo\n> Kode laporan / tracking code: {CODE}\n> --- akhir"

    reply = reply_of(read_letter(f"Masih padam.\n\n{quote}", subject="Re: Lampu"))

    assert (reply.carrier, reply.code, reply.text) == ("body", CODE, "Masih padam.")


def test_a_stronger_carrier_is_named_and_all_are_told() -> None:
    reply = reply_of(
        read_letter(
            QUOTED, subject=f"Re: [LAPOR {CODE}]", In_Reply_To=f"<{KEY}@{DOMAIN}>"
        )
    )

    assert (reply.carrier, reply.code, reply.reply_to) == ("references", CODE, (KEY,))


def test_a_reply_to_nothing_of_ours_has_a_complaint_to_fall_back_on() -> None:
    reply = reply_of(read_letter(QUOTED, subject=f"Re: Lampu [LAPOR {CODE}]"))

    assert reply.otherwise is not None
    assert "Lampunya sudah menyala" in reply.otherwise.body
    assert "Dinas mulai menangani" in reply.otherwise.body


@pytest.mark.parametrize("text", ["Dikirim dari iPhone saya\n\n", "\n"])
def test_a_reply_that_only_quotes_is_asked_for_words(text: str) -> None:
    quote = "\n".join(QUOTED.splitlines()[2:])

    query = query_of(read_letter(text + quote, to=f"lapor+{CODE}@{DOMAIN}"))

    assert (query.kind, query.code) == ("no_content", CODE)


def test_an_answer_to_a_stranger_is_a_new_complaint() -> None:
    item = read_letter(
        "Jalan rusak", In_Reply_To="<x@warga.example>", subject="Re: Halo"
    )

    assert complaint_of(item).title == "Re: Halo"


def test_our_own_block_may_be_quoted_without_marks() -> None:
    text = f"Sudah.\n\n{DELIMITER}\nYth. Sari,\nKabar.\n{END_OF_OURS}\nSatu lagi."

    reply = reply_of(read_letter(text, to=f"lapor+{CODE}@{DOMAIN}"))

    assert reply.text.split() == ["Sudah.", "Satu", "lagi."]


def _read_bytes(body: bytes) -> Item:
    raw = raw_message(body, sender=CITIZEN, recipients=[MAILBOX], remote="")
    return only(email_channel().normalise(entry(raw)))


HEADS = st.sampled_from(
    [
        b"",
        b"Content-Type: text/plain; charset=x-unknown\r\n\r\n",
        b"Content-Type: text/html\r\n\r\n",
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n',
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n",
        b"Content-Disposition: attachment; filename*=utf-16''%ff\r\n\r\n",
        b"Subject: =?utf-8?B?",
        b"From: ",
        b"To: ",
        b"Message-ID: <",
    ]
)


@given(HEADS, st.binary(max_size=400))
def test_no_bytes_break_the_reader(head: bytes, rest: bytes) -> None:
    item = _read_bytes(head + rest)

    assert not isinstance(item, Unreadable)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_no_reply_gains_words(text: str) -> None:
    raw = f"From: {CITIZEN}\nTo: lapor+{CODE}@{DOMAIN}\n\n{text}".encode()

    item = _read_bytes(raw)

    if isinstance(item, Reply):
        assert item.otherwise is not None
        assert set(item.text) <= set(item.otherwise.body) | {"\n"}


@pytest.mark.parametrize(
    ("written", "used", "expected"),
    [
        ("Sun, 22 Nov 2026 10:00:00 +0700", "header", "2026-11-22T03:00:00+00:00"),
        (
            "Sun, 25 Oct 2026 10:00:00 +0700",
            "internal_date",
            "2026-11-23T03:00:00+00:00",
        ),
        ("kemarin", "internal_date", "2026-11-23T03:00:00+00:00"),
    ],
)
def test_a_mail_that_lay_in_a_mailbox_counts_from_when_it_came_there(
    written: str, used: str, expected: str
) -> None:
    raw = raw_message(mail(Date=written), sender=CITIZEN, recipients=[], remote="")
    came = {INTERNAL_DATE: "2026-11-23T10:00:00+07:00"}
    raw = raw.model_copy(update={"meta": {**raw.meta, **came}})
    item = only(email_channel().normalise(entry(raw)))

    assert isinstance(item, New)
    assert item.written_at is not None
    assert item.written_at.astimezone(UTC).isoformat() == expected
    (date,) = [one for one in item.trace if one.decision == "date"]
    assert dict(date.evidence) == {"used": used}
