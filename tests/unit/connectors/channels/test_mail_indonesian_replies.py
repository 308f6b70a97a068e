"""What is new in answers of Indonesian mail programs."""

import pytest

from connectors.protocols.mail.spans import split_reply
from tests.unit.connectors.channels.indonesian_replies import cases

CASES = cases()


@pytest.mark.parametrize(
    ("text", "expected"),
    [pytest.param(text, new, id=name) for name, text, new in CASES],
)
def test_what_a_citizen_wrote_is_found_and_nothing_else(
    text: str, expected: str
) -> None:
    split = split_reply(text)

    assert split.reply.split() == expected.split()
    assert "".join(text[span.start : span.end] for span in split.spans) == text


def test_each_part_names_its_rule_and_how_sure_it_is() -> None:
    text = "Belum.\n\nPada Sab, 15 Jun 2024 pukul 14.59 A <a@b.example> menulis:\n\n> x"

    split = split_reply(text)

    assert [span.rule for span in split.spans if span.kind == "quoted"] == [
        "attribution",
        "marked",
    ]
    assert split.confidence == 0.9
