import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.mail.charsets import decode
from connectors.protocols.mail.headers import Headers, decode_words
from connectors.protocols.mail.html import html_to_text
from connectors.protocols.mail.parts import Mail, read_mail
from connectors.protocols.plaintext import clean


def _part(kind: str, body: bytes | str, *headers: str) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    head = "\r\n".join([f"Content-Type: {kind}", *headers]).encode()
    return head + b"\r\n\r\n" + content + b"\r\n"


def _multi(kind: str, *parts: bytes, boundary: str = "batas") -> bytes:
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + part for part in parts)
    return _part(f'multipart/{kind}; boundary="{boundary}"', body + mark + b"--")


def _text(raw: bytes) -> str:
    return clean(read_mail(raw).text)


def _names(mail: Mail) -> list[str]:
    return [file.name for file in mail.files]


LONG = "Air di Kelurahan Mekarsari mati sejak Senin. " * 10


@pytest.mark.parametrize(
    ("charset", "raw", "expected"),
    [
        ("utf-8", "jalan → rusak".encode(), "jalan → rusak"),
        ("iso-8859-1", "café “x”".encode("cp1252"), "café “x”"),
        ("iso-8859-1", "sudah → utf".encode(), "sudah → utf"),
        ("us-ascii", "café".encode("cp1252"), "café"),
        ("x-unknown", "jalan → rusak".encode(), "jalan → rusak"),
        ("gb2312", "道路鎔".encode("gb18030"), "道路鎔"),
        ("ks_c_5601-1987", "도로 뷁".encode("cp949"), "도로 뷁"),
        ("iso-2022-jp", "道路".encode("iso-2022-jp"), "道路"),
        ("utf-16", "jalan".encode("utf-16"), "jalan"),
        ("windows-1251", "дорога".encode("cp1251"), "дорога"),
        ("base64", b"jalan", "jalan"),
        ("zlib", b"jalan", "jalan"),
        ("punycode", b"jalan", "jalan"),
        ("\0", b"jalan", "jalan"),
        ("", b"", ""),
    ],
)
def test_a_text_is_read_whatever_charset_it_claims(
    charset: str, raw: bytes, expected: str
) -> None:
    assert decode(raw, charset) == expected


@given(st.binary(max_size=200), st.text(st.characters(), max_size=20))
def test_no_charset_and_no_bytes_break_decoding(raw: bytes, charset: str) -> None:
    assert isinstance(decode(raw, charset), str)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Jalan rusak", "Jalan rusak"),
        ("=?utf-8?Q?Jalan_rusak_=E2=86=92?=", "Jalan rusak →"),
        ("=?utf-8?B?SmFsYW4=?= =?utf-8?B?IHJ1c2Fr?=", "Jalan rusak"),
        # One letter divided between two words.
        ("=?utf-8?Q?=E2=86?= =?utf-8?Q?=92?=", "→"),
        ("=?utf-8?B?SmFsYW4?=", "Jalan"),
        ("=?x-unknown?Q?Jalan?= rusak", "Jalan rusak"),
        ("=?utf-8?Q?Jalan", "=?utf-8?Q?Jalan"),
        ("Re: =?UTF-8?q?caf=C3=A9?= (1)", "Re: café (1)"),
    ],
)
def test_encoded_words_are_decoded(written: str, expected: str) -> None:
    assert decode_words(written) == expected


@given(st.text(st.sampled_from("=?utf-8QqBb_ \n\tA+/é*'"), max_size=80))
def test_no_broken_word_breaks_decoding(written: str) -> None:
    assert isinstance(decode_words(written), str)


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("Sari <sari@warga.example>", "Sari", "sari@warga.example"),
        ('"Wulandari, Sari" <s@w.example>', "Wulandari, Sari", "s@w.example"),
        ("=?utf-8?Q?Sari=2C_Bu?= <s@w.example>", "Sari, Bu", "s@w.example"),
        ("s@w.example (Sari)", "Sari", "s@w.example"),
        ("s@w.example", "", "s@w.example"),
        ("Sari s@w.example", "", "s@w.example"),
        ("Ibu Sari\udcc3\udca9 <s@w.example>", "Ibu Sarié", "s@w.example"),
    ],
)
def test_a_sender_is_read(written: str, name: str, address: str) -> None:
    (box, *_) = Headers([("From", written)]).mailboxes("from")

    assert (box.name, box.address) == (name, address)


@pytest.mark.parametrize(
    "written", ["", "undisclosed-recipients:;", "<>", "Sari", "(" * 5000, "@", "a@"]
)
def test_a_header_without_an_address_has_none(written: str) -> None:
    assert Headers([("From", written)]).mailboxes("from") == ()


def test_plain_words_are_taken_before_html() -> None:
    raw = _multi(
        "alternative", _part("text/plain", LONG), _part("text/html", f"<b>{LONG}</b>")
    )

    assert _text(raw) == LONG.strip()


@pytest.mark.parametrize("stub", ["", "Lihat di peramban.", " \r\n"])
def test_html_is_taken_where_the_plain_words_are_a_stub(stub: str) -> None:
    raw = _multi(
        "alternative",
        _part("text/plain", stub),
        _part("text/html; charset=utf-8", f"<p>{LONG}</p><p>Mohon dibantu.</p>"),
    )

    assert "Mohon dibantu." in _text(raw)


def test_html_alone_is_read_as_text() -> None:
    raw = _part(
        "text/html; charset=utf-8",
        "<style>p{}</style><p>Jalan &amp; lampu</p><p>rusak<br>parah</p>",
    )

    assert _text(raw).split() == ["Jalan", "&", "lampu", "rusak", "parah"]


def test_words_in_many_parts_are_put_together() -> None:
    raw = _multi(
        "mixed",
        _part("text/plain", "Satu."),
        _part("image/png; name=a.png", b"\x89PNG"),
        _part("text/plain", "Dua."),
        _multi("mixed", _part("text/plain", "Tiga."), boundary="dalam"),
    )

    assert _text(raw).split() == ["Satu.", "Dua.", "Tiga."]


def test_the_same_words_twice_are_put_once() -> None:
    raw = _multi(
        "mixed", _part("text/plain", "Jalan rusak"), _part("text/html", "Jalan rusak")
    )

    assert _text(raw) == "Jalan rusak"


def test_a_text_sent_as_a_file_is_read_where_there_is_no_other() -> None:
    raw = _part("text/plain", "Jalan rusak", "Content-Disposition: attachment")

    mail = read_mail(raw)

    assert clean(mail.text) == "Jalan rusak"
    assert _names(mail) == ["lampiran-1.txt"]


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed\r\n\r\nJalan rusak",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nJalan rusak\r\n--y\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nJalan rusak\r\n--x--\r\n",
        b"Subject: x\r\nno colon here\r\n\r\nJalan rusak",
        b"Content-Type: text/plain\rSubject: x\r\rJalan rusak",
        b"Content-Transfer-Encoding: base64\r\n\r\n\xff\xfeJalan rusak!",
        b"Content-Type: \xff/\xff\r\n\r\nJalan rusak",
        b"\r\nJalan rusak",
    ],
)
def test_words_of_a_broken_mail_are_not_lost(raw: bytes) -> None:
    assert "Jalan rusak" in read_mail(raw).text


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["Content-Disposition: attachment; filename=foto.jpg"], "foto.jpg"),
        (
            ["Content-Disposition: attachment; filename*=utf-8''caf%C3%A9.jpg"],
            "café.jpg",
        ),
        (
            ["Content-Disposition: attachment; filename*0=fo; filename*1=to.jpg"],
            "foto.jpg",
        ),
        (
            ['Content-Disposition: attachment; filename="=?utf-8?Q?caf=C3=A9.jpg?="'],
            "café.jpg",
        ),
        (["Content-Disposition: attachment; filename*=x-no''%ff.jpg"], "ÿ.jpg"),
        (["Content-Location: http://x.example/a/foto.jpg?x=1"], "foto.jpg"),
        (['Content-Disposition: inline; filename="../../etc/passwd"'], "passwd"),
        (['Content-Disposition: inline; filename="C:\\\\a\\\\foto.jpg"'], "foto.jpg"),
        (['Content-Disposition: inline; filename="..."'], "lampiran-1.jpg"),
        ([], "lampiran-1.jpg"),
    ],
)
def test_a_file_has_the_name_that_its_sender_gave(
    headers: list[str], expected: str
) -> None:
    raw = _multi("mixed", _part("image/jpeg", b"\xff\xd8", *headers))

    assert _names(read_mail(raw)) == [expected]


def test_a_name_in_the_content_type_counts() -> None:
    assert _names(read_mail(_part('image/png; name="peta.png"', b"x"))) == ["peta.png"]


def test_files_of_one_name_are_told_apart() -> None:
    raw = _multi("mixed", *[_part("image/png; name=a.png", b"x")] * 3)

    assert _names(read_mail(raw)) == ["a.png", "a (2).png", "a (3).png"]


def test_a_very_long_name_keeps_its_ending() -> None:
    (name,) = _names(read_mail(_part(f'image/png; name="{"a" * 400}.png"', b"x")))

    assert len(name) <= 200
    assert name.endswith(".png")


def test_a_picture_that_the_html_shows_is_inline() -> None:
    raw = _multi(
        "related",
        _part("text/html", '<p>Foto:</p><img src="cid:satu@x">'),
        _part("image/png; name=a.png", b"x", "Content-ID: <satu@x>"),
        _part("image/png; name=b.png", b"x", "Content-ID: <dua@x>"),
    )

    files = read_mail(raw).files

    assert [file.inline for file in files] == [True, False]


def test_an_attached_mail_is_kept_whole() -> None:
    inner = b"Subject: Surat lama\r\nX-A: 1\r\n\r\nIsi lama\r\n"
    raw = _multi("mixed", _part("text/plain", "Lihat."), _part("message/rfc822", inner))

    mail = read_mail(raw)

    assert clean(mail.text) == "Lihat."
    assert _names(mail) == ["Surat lama.eml"]
    assert b"Isi lama" in mail.files[0].content


def test_too_many_parts_are_left_out_and_it_says_so() -> None:
    raw = _multi("mixed", *[_part("image/png", b"x")] * 500)

    mail = read_mail(raw)

    assert 100 < len(mail.files) <= 200
    assert mail.truncated


def test_too_many_bytes_are_left_out_and_it_says_so() -> None:
    big = base64.b64encode(b"x" * 14_000_000)
    part = _part("image/png", big, "Content-Transfer-Encoding: base64")

    mail = read_mail(_multi("mixed", part, part))

    assert len(mail.files) == 1
    assert mail.truncated


def test_parts_within_parts_without_end_are_still_a_mail() -> None:
    raw = b"Jalan rusak"
    for number in range(1500):
        raw = _multi("mixed", raw, boundary=f"b{number}")

    assert "Jalan rusak" in read_mail(b"Subject: x\r\n" + raw).text


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 50_000 + "Jalan",
        "<p>Jalan</p><" + "a" * 500_000,
        "<!--" * 100_000 + "-->Jalan",
        "<table><tr><td>" * 3_000 + "Jalan",
        "Jalan" + "<a href=x>y</a>" * 60_000,
        "<?xml version='1.0' encoding='x'?><p>Jalan",
        "Jalan\x00<b",
        "&#0;&#xD800;&#99999999;Jalan",
        "<p>Jalan</p>" + "<" * 300_000,
    ],
)
def test_hostile_html_is_read_in_time(markup: str) -> None:
    began = time.process_time()

    text = html_to_text(markup)

    assert time.process_time() - began < 4
    assert "Jalan" in text


@given(st.text(st.sampled_from("<>/abpdivtr!-=\"' &;#x0\n"), max_size=200))
def test_no_markup_breaks_the_reader(markup: str) -> None:
    assert isinstance(html_to_text(markup), str)


@pytest.mark.parametrize(
    "head",
    [
        "From: " + "a" * 100_000,
        "From: " + "a@" * 50_000,
        "Subject: " + "=?utf-8?Q?a?= " * 10_000,
        "Content-Type: text/plain; " + 'a="b;' * 20_000,
        "References: " + "<a@b> " * 20_000,
        "To: " + "(" * 100_000,
    ],
)
def test_hostile_headers_are_read_in_time(head: str) -> None:
    began = time.process_time()

    headers = read_mail(head.encode() + b"\r\n\r\nJalan").headers
    headers.mailboxes("from")
    headers.mailboxes("to")
    headers.text("subject")
    headers.message_ids("references")

    assert time.process_time() - began < 2


@given(st.binary(max_size=500))
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    assert isinstance(read_mail(raw), Mail)
