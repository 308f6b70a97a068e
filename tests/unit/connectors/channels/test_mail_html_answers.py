"""Answers that came as HTML only: what a program quotes carries marks."""

import pytest

from connectors.protocols.mail.html import html_to_text
from connectors.protocols.mail.spans import split_reply
from connectors.protocols.plaintext import clean

WORDS = "<p>Belum, lampunya masih padam.</p>"
OLD = "<p>Laporan Anda sudah kami terima.</p>"
GMAIL = "Pada Sab, 15 Jun 2024 pukul 14.59 Layanan &lt;lapor@hub.example&gt; menulis:"
OUTLOOK = (
    "<b>Dari:</b> Layanan &lt;lapor@hub.example&gt;<br><b>Dikirim:</b> Sabtu, 15 Juni "
    "2024 14.59<br><b>Kepada:</b> Sari<br><b>Subjek:</b> Lampu<br>"
)
ANSWERS = {
    "gmail": f'<div class="gmail_quote"><div class="gmail_attr">{GMAIL}<br></div>'
    f'<blockquote class="gmail_quote" style="margin:0">{OLD}</blockquote></div>',
    "apple": f'<blockquote type="cite"><div>{GMAIL}</div></blockquote>'
    f'<blockquote type="cite">{OLD}</blockquote>',
    "thunderbird": '<div class="moz-cite-prefix">Pada 15/06/24 14.59, Layanan menulis:'
    f'</div><blockquote type="cite" cite="mid:1">{OLD}</blockquote>',
    "proton": "<div class='protonmail_quote'>On Saturday, June 15th, 2024 at 2:59 PM, "
    "Layanan &lt;lapor@hub.example&gt; wrote:<br>"
    f"<blockquote class='protonmail_quote' type='cite'>{OLD}</blockquote></div>",
    "border": "<div>Tanggal 15 Juni 2024 14.59, Layanan menulis:</div>"
    f'<blockquote style="border-left: 1px solid #ccc">{OLD}</blockquote>',
    "outlook": f'<hr><div id="divRplyFwdMsg">{OUTLOOK}</div>{OLD}',
    "yahoo": f'<div id="yahoo_quoted_1"><div>{GMAIL}</div>{OLD}</div>',
    "phone": f"<p>Dikirim dari iPhone saya</p><div>{GMAIL}</div>"
    f'<blockquote type="cite">{OLD}</blockquote>',
}


@pytest.mark.parametrize("quoted", ANSWERS.values(), ids=ANSWERS)
def test_only_what_is_new_is_the_answer(quoted: str) -> None:
    text = clean(html_to_text(f"<html><body>{WORDS}{quoted}</body></html>"))

    assert split_reply(text).reply == "Belum, lampunya masih padam."


def test_words_below_and_between_quotations_stay() -> None:
    text = html_to_text(
        f'<blockquote type="cite">{OLD}</blockquote><p>Belum.</p>'
        f'<blockquote type="cite">{OLD}</blockquote><p>Juga belum.</p>'
    )

    assert split_reply(clean(text)).reply.split() == ["Belum.", "Juga", "belum."]


def test_a_block_that_a_citizen_indented_is_new() -> None:
    markup = '<p>Yang rusak:</p><blockquote style="margin:0 0 0 40px;border:none">'
    text = clean(html_to_text(f"{markup}Jalan<br>Lampu</blockquote>"))

    assert split_reply(text).reply.split() == ["Yang", "rusak:", "Jalan", "Lampu"]


def test_quotations_within_quotations_carry_as_many_marks() -> None:
    cite = '<blockquote type="cite">'
    text = html_to_text(f"{cite}<p>Satu</p>{cite}<p>Dua</p></blockquote></blockquote>")

    lines = [line for line in text.split("\n") if line.strip(" >")]
    assert lines == ["> Satu", ">> Dua"]
