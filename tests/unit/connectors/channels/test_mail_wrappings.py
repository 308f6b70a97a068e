"""Wrappings in mails: an office's winmail.dat, invitations, what is encrypted."""

import struct
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.mail.parts import read_mail
from connectors.protocols.mail.tnef import unwrap

MESSAGE, ATTACHMENT = 1, 2
BODY, TITLE, DATA, RENDERING = 0x2800C, 0x18010, 0x6800F, 0x69002
WORDS = "Atap balai desa bocor sejak hujan Selasa."


def attribute(level: int, name: int, data: bytes) -> bytes:
    """Write one attribute of TNEF: level, name, length, data, check sum."""
    head = struct.pack("<BII", level, name, len(data))
    return head + data + struct.pack("<H", sum(data) & 0xFFFF)


def winmail(body: str, *files: tuple[str, bytes]) -> bytes:
    parts = [struct.pack("<IH", 0x223E9F78, 1)]
    parts.append(attribute(MESSAGE, BODY, body.encode() + b"\x00"))
    for name, content in files:
        parts.append(attribute(ATTACHMENT, RENDERING, bytes(14)))
        parts.append(attribute(ATTACHMENT, TITLE, name.encode() + b"\x00"))
        parts.append(attribute(ATTACHMENT, DATA, content))
    return b"".join(parts)


def mail_with(content: bytes, kind: str, name: str, text: str = "") -> bytes:
    mail = EmailMessage()
    mail["From"] = "Kantor Desa <desa@kantor.example>"
    mail["Message-ID"] = "<1@kantor.example>"
    mail["Subject"] = "Atap bocor"
    mail.set_content(text)
    main, _, sub = kind.partition("/")
    mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return mail.as_bytes()


def test_an_office_s_wrapping_gives_its_words_and_files() -> None:
    wrapped = winmail(WORDS, ("foto.jpg", b"\xff\xd8\xff-foto"), ("surat.pdf", b"%PDF"))

    mail = read_mail(mail_with(wrapped, "application/ms-tnef", "winmail.dat"))

    assert mail.text.strip() == WORDS
    assert [(file.name, file.content) for file in mail.files] == [
        ("foto.jpg", b"\xff\xd8\xff-foto"),
        ("surat.pdf", b"%PDF"),
    ]
    assert [file.media_type for file in mail.files] == ["image/jpeg", "application/pdf"]


def test_the_plain_words_beside_a_wrapping_are_said_once() -> None:
    wrapped = winmail(WORDS)

    mail = read_mail(
        mail_with(wrapped, "application/ms-tnef", "winmail.dat", text=WORDS)
    )

    assert mail.text.strip() == WORDS
    assert mail.files == ()


def test_a_broken_wrapping_is_kept_as_a_file() -> None:
    broken = winmail(WORDS)[:9]

    mail = read_mail(mail_with(broken, "application/ms-tnef", "winmail.dat"))

    assert [file.content for file in mail.files] == [broken]
    assert "wrapping_unreadable" in mail.defects


@given(st.binary(max_size=400))
def test_any_bytes_are_a_wrapping_or_none(raw: bytes) -> None:
    unwrap(raw)
    unwrap(winmail("x")[:6] + raw)


def test_an_invitation_says_what_it_is_about() -> None:
    entry = (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        b"SUMMARY:Musyawarah jalan rusak\r\nLOCATION:Balai desa\r\n"
        b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    )

    mail = read_mail(mail_with(entry, "text/calendar", "undangan.ics"))

    assert mail.text.split("\n") == ["Musyawarah jalan rusak", "Balai desa"]
    assert [file.name for file in mail.files] == ["undangan.ics"]


def test_what_is_encrypted_is_named() -> None:
    secret = b"-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n"

    mail = read_mail(mail_with(secret, "application/octet-stream", "pesan.asc"))

    assert "encrypted" in mail.defects
