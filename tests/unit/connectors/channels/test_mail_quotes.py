import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.mail.phrases import DELIMITER, END_OF_OURS
from connectors.protocols.mail.spans import says_nothing, split_reply

WORDS = "Lampunya masih padam.\n\nMohon dicek lagi."
QUOTE = "> Yth. Pelapor,\n>\n> Dinas sudah datang."
UNMARKED = "Yth. Pelapor,\n\nDinas sudah datang."

INTRODUCTIONS = [
    "Pada Sab, 15 Jun 2024 pukul 14.59 Layanan <lapor@simpul.example> menulis:",
    "Pada Sab, 15 Jun 2024 pukul 14.59 Layanan\n<lapor@simpul.example> menulis:",
    "Pada Sab, 15 Jun 2024 pukul 14.59 Layanan <lapor@simpul.example>\nmenulis:",
    "Pada tanggal Sen, 3 Des 2018 10.41 Layanan <\nlapor@simpul.example> menulis:",
    "Pada 28 November 2026 10:00, Layanan Pengaduan menulis:",
    "Layanan <lapor@simpul.example> menulis pada Sel, 3 Des 2024 pukul 10.41:",
    "Tanggal 3/12/2024 10.41, Layanan <lapor@simpul.example> menulis:",
    "On Sat, Jun 15, 2024 at 2:59 PM Layanan <lapor@simpul.example> wrote:",
    "On Sat, 15 Jun 2024 14:59:00 +0700\nLayanan <lapor@simpul.example> wrote:",
    "2024-06-15 14:59 GMT+07:00 Layanan <lapor@simpul.example>:",
    "Le 15 juin 2024 à 14:59, Layanan <lapor@simpul.example> a écrit :",
]

BLOCKS = [
    """\
-----Pesan Asli-----
Dari: Layanan
Dikirim: Sab 15 Juni 2024 14.59
Kepada: Sari""",
    """\
-----Original Message-----
From: Layanan
Sent: Saturday, 15 June 2024
To: Sari""",
    """\
Dari: Layanan <lapor@simpul.example>
Dikirim: 15 Juni 2024 14:59
Kepada: Sari <sari@warga.example>
Perihal: Re: Lampu""",
    """\
*Dari:* Layanan
*Tanggal:* 15 Juni 2024
*Kepada:* Sari
*Subjek:* Lampu""",
    """\
________________________________
From: Layanan <lapor@simpul.example>
Sent: Saturday, June 15, 2024 2:59 PM
To: Sari
Subject: Lampu""",
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_an_introduced_quotation_with_marks_goes(introduction: str) -> None:
    split = split_reply(f"{WORDS}\n\n{introduction}\n\n{QUOTE}\n")

    assert split.reply == WORDS
    assert "Dinas sudah datang." in split.quoted


@pytest.mark.parametrize("introduction", INTRODUCTIONS[:-1])
def test_an_introduced_quotation_without_marks_goes(introduction: str) -> None:
    assert split_reply(f"{WORDS}\n\n{introduction}\n\n{UNMARKED}").reply == WORDS


@pytest.mark.parametrize("block", BLOCKS)
def test_the_older_mail_below_its_headers_goes(block: str) -> None:
    assert split_reply(f"{WORDS}\n\n{block}\n\n{UNMARKED}").reply == WORDS


def test_our_own_block_goes_with_what_introduces_it() -> None:
    ours = f"{DELIMITER}\n\nYth. Pelapor,\n\nDinas sudah datang.\n\n{END_OF_OURS}"

    for introduction in (*INTRODUCTIONS[:-1], BLOCKS[2], ""):
        assert split_reply(f"{WORDS}\n\n{introduction}\n\n{ours}").reply == WORDS


def test_words_below_a_quotation_stay() -> None:
    split = split_reply(f"{INTRODUCTIONS[0]}\n{QUOTE}\n\n{WORDS}")

    assert split.reply == WORDS


def test_words_between_quotations_stay() -> None:
    text = f"{QUOTE}\n\nBelum benar.\n\n> Sudah selesai.\n> Salam\n\nJuga belum."

    assert split_reply(text).reply.split() == ["Belum", "benar.", "Juga", "belum."]


@pytest.mark.parametrize(
    "text",
    [
        "Jalan rusak",
        "Korban banyak:\n\n> 50 orang mengungsi\n\nMohon bantuan.",
        "Dari: Sari\nKepada: Kepala Dinas\nPerihal: Jalan rusak\n\nDengan hormat, ...",
        "Mohon maaf.\n\nDari: Sari\nKepada: Kepala Dinas\nPerihal: Jalan\n\nIsi surat.",
        "Pada hari Senin petugas datang dan menulis:\n\nTidak ada masalah.",
        "Saya sudah menulis surat pada 2024.\nPetugas menulis: belum ada dana.",
        "Pada Sab, 15 Jun 2024 pukul 14.59 Layanan <a@simpul.example> menulis:\n\nIsi.",
        "---\nSatu\n---\nDua",
        "Dikirim dari RT 05 RW 03, Kampung Melati",
        "Sent from the village office with love, then my mobile was lost",
    ],
)
def test_in_doubt_words_stay(text: str) -> None:
    assert split_reply(text).reply == text


def test_a_sentence_before_the_introduction_is_not_taken_with_it() -> None:
    text = f"Pada hari ini lampu padam lagi.\n{INTRODUCTIONS[0]}\n{QUOTE}"

    assert split_reply(text).reply == "Pada hari ini lampu padam lagi."


@pytest.mark.parametrize(
    "signature",
    [
        "Dikirim dari iPhone saya",
        "Dikirim dari Yahoo Mail di Android",
        "Terkirim melalui ponsel Samsung Galaxy",
        "Sent from my iPhone",
        "Dapatkan Outlook untuk Android<https://aka.example/x>",
        "-- \nSari Wulandari\nRT 05",
        "--\nSari\n\nDikirim dari iPad saya",
    ],
)
def test_what_a_telephone_signs_with_goes(signature: str) -> None:
    assert split_reply(f"{WORDS}\n\n{signature}").reply == WORDS
    assert says_nothing(signature)


@pytest.mark.parametrize("text", ["", "\n \n", "--", "***", "> \n"])
def test_marks_say_nothing(text: str) -> None:
    assert says_nothing(text)


@given(
    st.lists(st.sampled_from([*INTRODUCTIONS, *BLOCKS, QUOTE, WORDS, "", DELIMITER]))
)
def test_the_spans_of_an_answer_are_all_of_its_text(blocks: list[str]) -> None:
    text = "\n".join(blocks)

    split = split_reply(text)

    lines = set(text.split("\n"))
    assert set(split.reply.split("\n")) <= lines | {""}
    assert set(split.quoted.split("\n")) <= lines | {""}
    assert set(split.signature.split("\n")) <= lines | {""}
    assert "".join(text[span.start : span.end] for span in split.spans) == text


@pytest.mark.parametrize(
    "text",
    [
        "-----\n" * 30_000,
        "> a\nb\n" * 15_000,
        ("Pada " + "a" * 140 + "\n") * 1_000,
        "a" * 200_000,
        ("On " + "1:23 " * 50 + ":\n> x\n") * 700,
        "\n" * 200_000,
        "Dari: 1\n" * 20_000,
    ],
)
def test_hostile_texts_are_split_in_time(text: str) -> None:
    began = time.process_time()

    split_reply("Halo\n" + text)

    assert time.process_time() - began < 2


def test_words_below_a_quotation_of_ours_that_was_cut_stay() -> None:
    cut = f"{DELIMITER}\n\nYth. Sari,\n\nLubang masih ada di depan sekolah."

    assert "Lubang masih ada di depan sekolah." in split_reply(cut).reply
