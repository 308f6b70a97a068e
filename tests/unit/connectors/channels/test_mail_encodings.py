"""Words in whatever charset and transfer encoding, labelled rightly, wrongly or not."""

import base64
import binascii
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.mail.charsets import read_text
from connectors.protocols.mail.parts import Mail, read_mail
from connectors.protocols.mail.transfer import undo

WORDS = "Jalan di depan pasar rusak → mohon ditambal. Café Melati banjir."
PLAIN = "Jalan di depan pasar rusak, mohon ditambal sebelum hujan datang lagi."


def _mail(body: bytes, charset: str = "", encoding: str = "") -> Mail:
    head = [b"From: Sari <sari@warga.example>", b"Message-ID: <1@warga.example>"]
    head.append(b"Date: Sat, 15 Jun 2024 14:59:00 +0700")
    if charset:
        head.append(f'Content-Type: text/plain; charset="{charset}"'.encode())
    if encoding:
        head.append(f"Content-Transfer-Encoding: {encoding}".encode())
    return read_mail(b"\r\n".join(head) + b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("utf-8", "utf-8", WORDS),
        ("utf8mb4", "utf-8", WORDS),
        ("gb2312", "gb18030", "道路鎔坏了"),
        ("GBK", "gb18030", "道路鎔坏了"),
        ("ks_c_5601-1987", "cp949", "도로가 뷁"),
        ("ks_c_5601", "cp949", "도로가 뷁"),
        ("iso-2022-jp-ms", "iso2022_jp_ext", "道路が壊れた"),
        ("iso-2022-jp", "iso2022_jp", "道路が壊れた"),
        ("shift_jis", "cp932", "道路①"),
        ("windows-1251", "cp1251", "дорога разбита"),
        ("iso-8859-1", "cp1252", "café “rusak”"),
        ("us-ascii", "cp1252", "café “rusak”"),
        ("macintosh", "mac-roman", "café"),
        ("utf-16", "utf-16", WORDS),
        ("tis-620", "cp874", "ถนนชำรุด"),
    ],
)
def test_words_are_read_by_what_senders_mean_with_a_label(
    charset: str, codec: str, text: str
) -> None:
    mail = _mail(text.encode(codec), charset, "8bit")

    assert mail.text.strip() == text
    assert "letters_lost" not in mail.defects


@pytest.mark.parametrize(
    ("charset", "raw", "expected", "defect"),
    [
        ("x-unknown", WORDS.encode(), WORDS, "wrong_charset"),
        ("us-ascii", WORDS.encode(), WORDS, "wrong_charset"),
        ("utf-8", "café rusak".encode("cp1252"), "café rusak", "wrong_charset"),
        ("", WORDS.encode(), WORDS, ""),
        ("", "café rusak".encode("cp1252"), "café rusak", "wrong_charset"),
        # The last letter was cut: the others are what they are.
        ("utf-8", "banjir → café"[:-1].encode() + b"\xc3", "banjir → caf�", "lost"),
        ("gb2312", "道路坏了".encode("gb18030") + b"\xff", "道路坏了�", "lost"),
    ],
)
def test_a_wrong_or_missing_label_is_told_and_the_words_are_read(
    charset: str, raw: bytes, expected: str, defect: str
) -> None:
    mail = _mail(raw, charset, "8bit")

    assert mail.text.strip() == expected
    assert mail.charset
    told = {"lost": "letters_lost"}.get(defect, defect)
    assert ({"wrong_charset", "letters_lost"} & set(mail.defects)) == (
        {told} if told else set()
    )


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "gb2312", "iso-2022-jp"]))
def test_whatever_the_bytes_there_is_text_and_how_it_was_read(
    raw: bytes, charset: str
) -> None:
    found = read_text(raw, charset)

    assert found.lossy == ("\ufffd" in found.text) or not found.lossy
    assert found.codec


ENCODED = base64.encodebytes(PLAIN.encode())


@pytest.mark.parametrize(
    ("label", "body"),
    [
        ("base64", ENCODED),
        ("BASE64 ", ENCODED.replace(b"\n", b"\r\n\r\n")),
        ('"base64"', ENCODED),
        ("base-64", ENCODED),
        ("base64;", ENCODED.rstrip(b"=\n")),
        ("base64", b" ".join(ENCODED.split())),
        ("base64", ENCODED[:20] + b"!" + ENCODED[20:]),
        ("b", ENCODED),
        ("quoted-printable", quopri.encodestring(PLAIN.encode())),
        ("quoted_printable", quopri.encodestring(PLAIN.encode())),
        ("x-qp-mess", PLAIN.replace(",", "=2C").encode()),
        ("7-bit", PLAIN.encode()),
        ("8BIT", PLAIN.encode()),
        ("x-none-such", PLAIN.encode()),
        ("", PLAIN.encode()),
    ],
)
def test_a_transfer_encoding_is_undone_however_it_is_labelled(
    label: str, body: bytes
) -> None:
    assert _mail(body, "utf-8", label).text.split() == PLAIN.split()


def test_an_encoding_that_no_standard_has_is_told() -> None:
    assert "unknown_encoding" in _mail(PLAIN.encode(), "", "x-none-such").defects


def test_a_list_s_footer_below_base64_is_read_as_words() -> None:
    footer = b"\n_______________\nmilis warga: https://milis.example\n"
    body = base64.encodebytes(PLAIN.encode() + b"..")

    text = _mail(body + footer, "utf-8", "base64").text

    assert text.startswith(PLAIN)
    assert "milis warga" in text


def _uu(content: bytes) -> bytes:
    lines = [content[at : at + 45] for at in range(0, len(content), 45)]
    return b"".join(binascii.b2a_uu(line) for line in lines)


def test_a_body_in_uuencode_is_read() -> None:
    body = b"begin 644 pesan.txt\n" + _uu(PLAIN.encode()) + b"`\nend\n"

    assert _mail(body, "", "x-uuencode").text.strip() == PLAIN


def test_a_file_in_uuencode_between_the_words_is_a_file() -> None:
    photo = b"\xff\xd8\xff" + bytes(range(200))
    body = b"Fotonya:\r\n\r\nbegin 644 foto.jpg\r\n"
    body += _uu(photo).replace(b"\n", b"\r\n") + b"`\r\nend\r\n\r\nTerima kasih.\r\n"

    mail = _mail(body)

    assert mail.text.split() == ["Fotonya:", "Terima", "kasih."]
    assert [(f.name, f.content) for f in mail.files] == [("foto.jpg", photo)]


def test_a_file_in_yenc_between_the_words_is_a_file() -> None:
    photo = bytes(range(256)) * 2
    shifted = b"".join(
        b"=" + bytes([(value + 106) % 256])
        if (value + 42) % 256 in b"\0\r\n="
        else bytes([(value + 42) % 256])
        for value in photo
    )
    lines = b"\r\n".join(shifted[at : at + 128] for at in range(0, len(shifted), 128))
    if any(line.endswith(b"=") for line in lines.split(b"\r\n")):
        lines = shifted
    body = b"Fotonya:\r\n=ybegin line=128 size=512 name=foto.bin\r\n" + lines
    body += b"\r\n=yend size=512\r\nTerima kasih.\r\n"

    mail = _mail(body)

    assert mail.text.split() == ["Fotonya:", "Terima", "kasih."]
    assert [file.content for file in mail.files] == [photo]


@pytest.mark.parametrize("word", ["begin 644 surat", "=ybegin name=surat", "begin"])
def test_words_that_only_begin_like_a_file_stay(word: str) -> None:
    text = f"{word}\nJalan rusak\nend of the road\n"

    assert _mail(text.encode()).text.split() == text.split()


@given(st.binary(max_size=300), st.text("base64quotdprin-xuu7", max_size=18))
def test_no_bytes_break_a_transfer_encoding(body: bytes, label: str) -> None:
    assert isinstance(undo(body, label).raw, bytes)
