import random
import struct
import zlib

from hub.simulator.attachments import pdf, png
from hub.simulator.letters import CHANNELS, Letters
from hub.simulator.texts import ROUTABLE, SAMPLES


def test_the_same_seed_writes_the_same_letters() -> None:
    first, second, other = Letters(1), Letters(1), Letters(2)

    letters = [first.next() for _ in range(50)]

    assert letters == [second.next() for _ in range(50)]
    assert letters != [other.next() for _ in range(50)]


def test_every_letter_has_its_own_marker_and_address() -> None:
    letters = Letters(1)

    written = [letters.next() for _ in range(300)]

    assert len({letter.marker for letter in written}) == 300
    assert len({letter.email for letter in written}) == 300
    assert len({letter.phone for letter in written}) == 300
    assert all(letter.marker in letter.text for letter in written)
    assert all(letter.marker in letter.sms_text for letter in written)


def test_letters_use_every_sample_and_channel_about_as_often_as_they_should() -> None:
    letters = Letters(1)

    written = [letters.next() for _ in range(2000)]

    assert {letter.sample.number for letter in written} == {
        sample.number for sample in SAMPLES
    }
    assert {letter.channel for letter in written} == {*CHANNELS}
    assert 0.25 < sum(letter.anonymous for letter in written) / 2000 < 0.35
    assert any(letter.attachment for letter in written)


def test_letters_can_be_kept_to_what_the_agencies_are_there_for() -> None:
    letters = Letters(1, ROUTABLE)

    categories = {letters.next().sample.category for _ in range(200)}

    assert categories == {"pekerjaan-umum", "kependudukan", "kesehatan"}


def test_no_text_names_a_real_identity_number() -> None:
    assert all(
        word.strip(".,").startswith("99")
        for sample in SAMPLES
        for word in sample.body.split()
        if word.strip(".,").isdigit() and len(word.strip(".,")) == 16
    )


def test_a_picture_is_a_whole_png() -> None:
    picture = png(random.Random(1)).content

    width, height = struct.unpack(">II", picture[16:24])
    length = struct.unpack(">I", picture[33:37])[0]
    pixels = zlib.decompress(picture[41 : 41 + length])

    assert picture.startswith(b"\x89PNG")
    assert len(pixels) == height * (1 + 3 * width)


def test_a_page_is_a_pdf_whose_table_points_at_its_objects() -> None:
    page = pdf("ref-1-000001").content

    table = int(page.split(b"startxref\n")[1].split()[0])
    third = page[table:].splitlines()[5].split()[0]

    assert page[table:].startswith(b"xref")
    assert page[int(third) :].startswith(b"3 0 obj")
    assert b"ref-1-000001" in page
