"""Files of a mail: their names, what they are, and which are none."""

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.mail import filetypes
from connectors.protocols.mail.parts import Mail, read_mail

JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
GIF_DOT = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(30)


def _png(width: int, height: int) -> bytes:
    head = struct.pack(">II", width, height) + b"\x08\x06\x00\x00\x00"
    chunk = b"IHDR" + head
    length, check = struct.pack(">I", len(head)), struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + length + chunk + check


def _mail(*parts: tuple[str, bytes], kind: str = "mixed") -> Mail:
    body = b"".join(
        b"--b\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    )
    return read_mail(
        f"Content-Type: multipart/{kind}; boundary=b\r\n\r\n".encode() + body + b"--b--"
    )


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("Content-Disposition: attachment; filename=foto jalan.jpg", "foto jalan.jpg"),
        ("Content-Disposition: attachment; filename = foto.jpg", "foto.jpg"),
        ("Content-Disposition: attachment; FILENAME=foto.jpg", "foto.jpg"),
        ("Content-Disposition: attachment;\r\n\tfilename=\r\n foto.jpg", "foto.jpg"),
        (
            "Content-Disposition: inline; filename*0*=utf-8''caf%C3; filename*1*=%A9.j",
            "café.j",
        ),
        (
            'Content-Disposition: inline; filename="=?utf-8?B?Zm90?= =?utf-8?B?by5q?="',
            "foto.j",
        ),
        ('Content-Type: image/jpeg; name="foto.jpg"', "foto.jpg"),
        ("Content-Type: image/jpeg; name*=utf-8''caf%C3%A9.jpg", "café.jpg"),
        ("Content-Location: foto%20jalan.jpg", "foto jalan.jpg"),
        ('Content-Disposition: attachment; filename="foto.jpg', "foto.jpg"),
    ],
)
def test_a_name_is_found_wherever_it_stands(head: str, name: str) -> None:
    if not head.startswith("Content-Type"):
        head = f"Content-Type: image/jpeg\r\n{head}"

    assert _mail((head, JPEG)).file_names == (name,)


def test_a_name_in_raw_letters_is_read() -> None:
    head = b'Content-Type: image/jpeg; name="caf\xc3\xa9.jpg"\r\n\r\n'

    assert read_mail(head + JPEG).file_names == ("café.jpg",)


@pytest.mark.parametrize("dot", [GIF_DOT, _png(1, 1)])
def test_a_dot_that_counts_readers_is_no_file(dot: bytes) -> None:
    mail = _mail(
        ("Content-Type: text/plain", b"Lihat foto."),
        ("Content-Type: image/jpeg; name=foto.jpg", JPEG),
        ("Content-Type: image/gif; name=t.gif", dot),
    )

    assert mail.file_names == ("foto.jpg",)


def test_the_only_picture_stays_however_small() -> None:
    assert _mail(("Content-Type: image/gif; name=t.gif", GIF_DOT)).file_names == (
        "t.gif",
    )


def test_a_small_picture_is_no_dot() -> None:
    small = _png(16, 16)
    mail = _mail(
        ("Content-Type: image/png; name=ikon.png", small),
        ("Content-Type: image/jpeg; name=foto.jpg", JPEG),
    )

    assert mail.file_names == ("ikon.png", "foto.jpg")


@pytest.mark.parametrize(
    ("name", "declared", "content", "kind", "defects"),
    [
        ("a", "application/octet-stream", JPEG, "image/jpeg", set()),
        ("a.jpg", "image/jpeg", JPEG, "image/jpeg", set()),
        ("a.pdf", "application/pdf", b"%PDF-1.7", "application/pdf", set()),
        (
            "a.docx",
            "application/x-office",
            b"PK\x03\x04",
            "application/x-office",
            set(),
        ),
        (
            "a.jpg",
            "image/jpeg",
            b"MZ\x90",
            "image/jpeg",
            {"dangerous_file", "disguised_file"},
        ),
        (
            "a.pdf",
            "application/pdf",
            b"PK\x03\x04",
            "application/pdf",
            {"disguised_file"},
        ),
        ("a.pdf.exe", "application/pdf", b"x", "application/pdf", {"dangerous_file"}),
        ("a.js", "text/plain", b"x", "text/plain", {"dangerous_file"}),
        ("a", "", b"\x7fELF", "application/x-executable", {"dangerous_file"}),
        ("a.png", "image/png", JPEG, "image/png", set()),
    ],
)
def test_a_file_is_compared_with_its_first_bytes(
    name: str, declared: str, content: bytes, kind: str, defects: set[str]
) -> None:
    looked = filetypes.look(name, declared, content)

    assert (looked.media_type, set(looked.defects)) == (kind, defects)


def _zip(size: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", b"a" * size)
    return packed.getvalue()


def test_an_archive_that_unpacks_to_a_flood_is_told_without_unpacking_it() -> None:
    bomb = bytearray(_zip(1_000))
    entry = bomb.rfind(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = struct.pack("<I", 4_000_000_000)

    assert (
        "packed_bomb" in filetypes.look("a.zip", "application/zip", bytes(bomb)).defects
    )
    usual = filetypes.look("a.zip", "application/zip", _zip(100_000))
    assert usual.defects == frozenset()


@given(st.binary(max_size=200))
def test_no_bytes_break_the_look_at_a_file(content: bytes) -> None:
    for head in (b"", b"PK\x03\x04", b"GIF89a", b"\x89PNG\r\n\x1a\n"):
        filetypes.look("a", "", head + content)
        filetypes.is_dot(head + content)


def test_what_is_wrong_with_a_file_stands_in_the_defects_of_the_mail() -> None:
    mail = _mail(("Content-Type: image/jpeg; name=foto.jpg", b"MZ\x90\x00"))

    assert {"dangerous_file", "disguised_file"} <= set(mail.defects)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/pkcs7-signature", "smime.p7s"),
        ("application/pgp-signature", "signature.asc"),
        ("application/vnd.ms-outlook", "surat.msg"),
        ("text/calendar", "undangan.ics"),
        ("application/pgp-encrypted", "pesan.asc"),
        ("application/pkcs7-mime", "smime.p7m"),
    ],
)
def test_a_wrapped_or_signed_thing_is_kept_as_a_file(kind: str, name: str) -> None:
    mail = _mail(
        ("Content-Type: text/plain", b"Lihat lampiran."),
        (f"Content-Type: {kind}; name={name}", b"isi"),
    )

    assert mail.text.strip() == "Lihat lampiran."
    assert mail.file_names == (name,)
    encrypted = kind in {"application/pgp-encrypted", "application/pkcs7-mime"}
    assert ("encrypted" in mail.defects) == encrypted


def test_an_attached_mail_is_the_same_bytes_and_named_by_its_subject() -> None:
    inner = (
        b"subject:   =?utf-8?Q?Surat_lama_=E2=86=92?=\r\nX-Panjang: "
        + b"a " * 200
        + b"\r\n\r\nIsi lama \r\n"
    )

    mail = _mail(("Content-Type: message/rfc822", inner))

    assert mail.files[0].content == inner
    assert mail.file_names == ("Surat lama →.eml",)


def test_mails_of_a_digest_are_files() -> None:
    mail = _mail(("", b"Subject: Satu\r\n\r\nIsi"), kind="digest")

    assert mail.file_names == ("Satu.eml",)
