"""Answers as Indonesian mail programs write them, invented: text, and what is new.

The bodies hold traps: sentences that look like the line above a quotation, like the
headers of an older mail, like a signature.
"""

from itertools import product

BODIES = {
    "short": "Belum diperbaiki, Pak. Lampunya masih padam.",
    "story": (
        "Terima kasih atas jawabannya.\n\n"
        "Pada hari Senin, 3 Juni 2024 pukul 10.00 petugas datang dan menulis laporan, "
        "tetapi\njalannya belum ditambal."
    ),
    "route": (
        "Dari: terminal sampai pasar jalannya rusak.\n"
        "Kepada petugas yang bertugas mohon dicek lagi.\n\n"
        "Jumlahnya > 50 lubang, tanggal kejadian: 2 Juni."
    ),
    "list": (
        "Yang masih kurang:\n- lampu di RT 03\n- got di depan nomor 12\n\n"
        "Dikirim petugas kemarin pun belum ada hasilnya."
    ),
}
"""What the citizen wrote, by what makes it hard."""

QUOTE = (
    "> Laporan Anda sudah kami terima.\n> Dinas PUPR akan datang.\n>\n> Terima kasih."
)
PLAIN = "Laporan Anda sudah kami terima.\nDinas PUPR akan datang.\n\nTerima kasih."

INTRODUCED = {
    "gmail": (
        "Pada Sab, 15 Jun 2024 pukul 14.59 Layanan Pengaduan <lapor@hub.example> "
        "menulis:"
    ),
    "gmail_wrapped": (
        "Pada Sab, 15 Jun 2024 pukul 14.59 Layanan Pengaduan Sukamaju <\n"
        "lapor@hub.example> menulis:"
    ),
    "gmail_verb_below": (
        "Pada Sen, 3 Des 2018 10.41 Layanan Pengaduan <lapor@hub.example>\nmenulis:"
    ),
    "gmail_date_word": (
        "Pada tanggal Sen, 3 Des 2018 10.41 Layanan <lapor@hub.example> menulis:"
    ),
    "apple": "Pada 28 November 2026 10.00, Layanan <lapor@hub.example> menulis:",
    "apple_day": "Pada Rab, 4 Agu 2026, pukul 09.15, Layanan Pengaduan menulis:",
    "yahoo": (
        "Pada Kamis, 13 Okt 2022 pukul 08.07.33 WIB, Layanan <lapor@hub.example> "
        "menulis:"
    ),
    "yahoo_wrapped": (
        "Pada Jumat, 14 Okt 2022 pukul 08.07.33 WITA, Layanan Pengaduan\n"
        "<lapor@hub.example> menulis:"
    ),
    "mixed": "On Min, 2 Jan 2022 at 07.30 Layanan <lapor@hub.example> wrote:",
    "thunderbird": "Pada tanggal 15/06/24 14.59, Layanan menulis:",
}
"""The line above a marked quotation."""

BLOCKS = {
    "outlook": (
        "________________________________\n"
        "Dari: Layanan Pengaduan <lapor@hub.example>\n"
        "Dikirim: Sabtu, 15 Juni 2024 14.59\n"
        "Kepada: Sari <sari@warga.example>\nSubjek: Lampu padam"
    ),
    "outlook_perihal": (
        "Dari: Layanan Pengaduan\nDikirim: 15 Juni 2024 14:59\n"
        "Kepada: Sari\nPerihal: RE: Lampu padam"
    ),
    "asli": (
        "-----Pesan Asli-----\nDari: Layanan <lapor@hub.example>\n"
        "Dikirim: 15/06/2024 14.59\nKepada: sari@warga.example\nPerihal: Lampu"
    ),
    "diteruskan": (
        "---------- Pesan yang diteruskan ----------\n"
        "Dari: Layanan <lapor@hub.example>\nDate: Sab, 15 Jun 2024 pukul 14.59\n"
        "Subject: Lampu padam\nTo: <sari@warga.example>"
    ),
    "tanggal": (
        "Dari: Layanan <lapor@hub.example>\nTanggal: 15 Juni 2024 14.59 WIB\n"
        "Ke: Sari\nJudul: Lampu padam"
    ),
    "english": (
        "From: Layanan <lapor@hub.example>\nSent: Saturday, June 15, 2024 2:59 PM\n"
        "To: Sari\nSubject: Lampu padam"
    ),
}
"""What stands above an older mail without marks."""

SIGNED = (
    "Dikirim dari iPhone saya",
    "Dikirim dari Yahoo Mail di Android",
    "Terkirim dari ponsel Samsung saya",
    "Dikirim dari Outlook untuk Android",
    "-- \nSari Wulandari\nRT 03 RW 05, Sukamaju",
)


def cases() -> list[tuple[str, str, str]]:
    """Give (name, the whole answer, what is new in it)."""
    found = [
        (f"{body}-{intro}", f"{BODIES[body]}\n\n{INTRODUCED[intro]}\n\n{QUOTE}\n")
        for body, intro in product(BODIES, INTRODUCED)
    ]
    found += [
        (f"{body}-{block}", f"{BODIES[body]}\n\n{BLOCKS[block]}\n\n{PLAIN}\n")
        for body, block in product(BODIES, BLOCKS)
    ]
    signed = [
        (f"{body}-signed-{n}", f"{BODIES[body]}\n\n{signature}\n\n{quoted}")
        for n, signature in enumerate(SIGNED)
        for body, quoted in (
            ("short", f"{INTRODUCED['gmail']}\n\n{QUOTE}"),
            ("story", f"{BLOCKS['outlook']}\n\n{PLAIN}"),
            ("list", ""),
        )
    ]
    below = [
        (f"{body}-below-{intro}", f"{INTRODUCED[intro]}\n{QUOTE}\n\n{BODIES[body]}\n")
        for body, intro in zip(
            BODIES, ("gmail", "yahoo", "mixed", "apple"), strict=True
        )
    ]
    alone = [(f"{body}-alone", words) for body, words in BODIES.items()]
    every = [*found, *signed, *below, *alone]
    return [(name, text, BODIES[name.partition("-")[0]]) for name, text in every]
