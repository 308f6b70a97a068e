"""The rows of an agency that is reached by mail, after those of every system."""

# ruff: noqa: E501 - a table is read by its rows

from connectors.kit.mail_answers import ANSWERS
from connectors.kit.mail_breaking import MAIL_BREAKS, sent_again
from connectors.kit.row import Row, Words

_RUNS = {**MAIL_BREAKS, "sent_again": sent_again, **ANSWERS}
_UNKNOWN = (
    "Hasil tak diketahui dianggap lain: surel ganda atau hilang.",
    "An unknown outcome is taken for another: doubled or lost mails.",
)
_NEVER_PASSES = (
    "Surel yang tak akan pernah lolos dikirim terus.",
    "What never passes is sent for ever.",
)
_NOT_READ = (
    "Petugas dengan program itu tidak dipahami; kasusnya diam.",
    "Officers with that program are not understood; their cases stand still.",
)

# fmt: off
# id, level, title and meaning in Indonesian and English
_ROWS: tuple[tuple[str, int, str, str, str, str], ...] = (
    ("relay_lost", 1, "Waktu habis setelah surel lengkap", "A time-out after the mail was complete", *_UNKNOWN),
    ("relay_reset", 1, "Sambungan terputus setelah surel lengkap", "A reset after the mail was complete", *_UNKNOWN),
    ("relay_slow", 1, "Server surel lambat tetap dihitung", "A slow relay's answer counts",
     "Surel yang diterima dikirim lagi.", "A mail that was taken is sent again."),
    ("relay_drip", 1, "Jawaban server yang menetes dihentikan", "A relay's answer that drips is cut",
     "Satu server lambat menahan semua yang lain.", "One relay holds up all others."),
    ("relay_busy", 1, "451 dicoba lagi nanti", "451 is tried again later",
     "Surel hilang saat server sibuk.", "A mail is lost when the relay is busy."),
    ("relay_nobody", 1, "Kotak surat tidak ada: disisihkan", "No such mailbox: set aside", *_NEVER_PASSES),
    ("relay_too_large", 1, "Terlalu besar: disisihkan", "Too large: set aside", *_NEVER_PASSES),
    ("relay_login", 1, "Kredensial server surel menjeda antrean", "The relay's credentials pause the queue",
     "Setiap surel gagal satu per satu.", "Every mail fails, one by one."),
    ("sent_again", 1, "Dikirim ulang sekali dengan Message-ID yang sama", "Sent again once, under the same Message-ID",
     "Petugas membaca satu aduan sebagai dua.", "Officers read one complaint as two."),
    ("answer_bare", 2, "Tiap kata dan angka, tanpa kutipan", "Every word and number, without a quotation", *_NOT_READ),
    ("answer_indonesian", 2, "Di atas kutipan berbahasa Indonesia", "Above a quotation, in Indonesian", *_NOT_READ),
    ("answer_english", 2, "Di atas kutipan berbahasa Inggris", "Above a quotation, in English", *_NOT_READ),
    ("answer_outlook", 2, "HTML saja, seperti dari Outlook", "HTML alone, as Outlook writes it", *_NOT_READ),
    ("answer_gmail", 2, "HTML saja, seperti dari Gmail", "HTML alone, as Gmail writes it", *_NOT_READ),
    ("answer_wrong", 2, "Kata yang salah ditanyakan kembali", "A wrong word is asked back",
     "Status yang salah sampai ke pelapor, atau petugas tidak tahu.", "Citizens read a wrong status, or the officer does not know."),
    ("answer_two", 2, "Dua pilihan ditanyakan kembali", "Two choices are asked back",
     "Salah satu ditebak.", "One of them is guessed."),
    ("answer_away", 2, "Balasan otomatis bukan jawaban", "An automatic reply is no answer",
     "Status berubah saat petugas cuti.", "A status moves while the officer is away."),
    ("answer_bounced", 2, "Surel yang kembali sampai ke operator", "A mail that comes back reaches an operator",
     "Aduan dianggap terkirim padahal tak terbaca.", "A complaint counts as handed over and nobody has read it."),
    ("answer_colleague", 2, "Rekan sekantor boleh menjawab", "A colleague may answer",
     "Hanya satu orang dapat menjawab.", "One person alone can answer."),
    ("answer_forged", 2, "Alamat palsu tidak mengubah apa pun", "A forged address changes nothing",
     "Siapa pun dapat mengubah status.", "Anybody can change a status."),
)
# fmt: on

MAIL_ROWS: tuple[Row, ...] = tuple(
    Row(name, level, Words(title_id, title_en), Words(means_id, means_en), _RUNS[name])
    for name, level, title_id, title_en, means_id, means_en in _ROWS
)
"""What the suite asks besides, in order: each needs the first mail of `create`."""
