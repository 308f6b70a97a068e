"""Answers as many mail programs write them, and sentences that only look so."""

import tomllib
from pathlib import Path

import pytest

from connectors.protocols.mail.spans import split_reply
from connectors.protocols.plaintext import clean

WRITTEN = tomllib.loads(Path(__file__).with_name("mail_answers.toml").read_text())
ABOVE_MARKED: dict[str, str] = WRITTEN["above_marked"]
ABOVE_PLAIN: dict[str, str] = WRITTEN["above_plain"]
BELOW: dict[str, str] = WRITTEN["below"]
SENTENCES: dict[str, str] = WRITTEN["sentences"]
WHOLE: dict[str, dict[str, str]] = WRITTEN["whole"]

WORDS = "Belum Pak, lampunya masih padam.\n\nMohon dicek lagi."
QUOTE = "Laporan Anda sudah kami terima.\nDinas PUPR akan datang.\n\nTerima kasih."
MARKED = "\n".join(f"> {line}".rstrip() for line in QUOTE.split("\n"))


def _reply(text: str) -> list[str]:
    return split_reply(clean(text)).reply.split()


@pytest.mark.parametrize("above", ABOVE_MARKED.values(), ids=ABOVE_MARKED)
def test_a_quotation_with_marks_goes_with_what_introduces_it(above: str) -> None:
    assert _reply(f"{WORDS}\n\n{above}\n\n{MARKED}\n") == WORDS.split()


@pytest.mark.parametrize("above", ABOVE_PLAIN.values(), ids=ABOVE_PLAIN)
def test_an_older_mail_without_marks_goes_with_what_stands_above_it(above: str) -> None:
    assert _reply(f"{WORDS}\n\n{above}\n\n{QUOTE}\n") == WORDS.split()


@pytest.mark.parametrize("below", BELOW.values(), ids=BELOW)
def test_what_a_program_signs_with_goes(below: str) -> None:
    assert _reply(f"{WORDS}\n\n{below}\n") == WORDS.split()


@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
def test_no_sentence_of_a_person_vanishes(sentence: str) -> None:
    assert _reply(sentence) == sentence.split()


@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
def test_no_sentence_vanishes_above_a_quotation_either(sentence: str) -> None:
    above = ABOVE_MARKED["gmail-id"]

    assert _reply(f"{sentence}\n\n{above}\n\n{MARKED}\n") == sentence.split()


@pytest.mark.parametrize("answer", WHOLE.values(), ids=WHOLE)
def test_the_new_words_of_a_whole_answer_are_found(answer: dict[str, str]) -> None:
    assert _reply(answer["text"]) == answer["new"].split()
