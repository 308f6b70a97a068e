"""Words of a text as they are compared: folded, without the usual ones and endings."""

import re
from collections.abc import Iterator

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
SHORTEST = 3
"""Letters of the shortest word that says something."""
STEM_SHORTEST = 4
"""Letters that are left when something is cut off."""

_USUAL = """
ada adalah agar akan aku anak apa apakah atas atau bagaimana bagi bahwa banyak baru
begitu belum berapa bila bisa boleh buat bulan cuma cukup dalam dan dapat dari
daripada datang dengan depan dekat demikian dia dibuat dilakukan dll dong dpn drpd dua
gimana hal hanya hari harus hingga ini itu jadi jam jangan jika juga kabupaten kalau
kami kamu kapan karena kasih kata kepada kenapa ketika kita kok kota kurang lagi lain
lalu lama lapor laporan lebih luar maka malam mana masih mau melalui menjadi mereka
minggu minta mohon muka namun nanti nya oleh orang pada padahal pak pagi paling para
pernah perlu pun punya rumah saat saja saling sama sampai samping sana sangat satu
saya sdh sebab sebagai sebelum sedang segera sehingga sejak sekali sekarang selalu
selama semoga semua seperti sering setelah setiap siang siapa sini situ sore soal
sudah supaya tahun tak tanpa tapi tempat tentang tentu terhadap terima terlalu
tersebut terus tetapi tiap tiga tidak tlg tolong untuk usul waktu warga yaitu yang and
are but for from has have how not our please that the there this was what when where
which with you your
"""
USUAL = frozenset(_USUAL.split())
"""Words of every text; they say nothing of what it is about."""

SHORTENED = {
    "jln": "jalan",
    "pkm": "puskesmas",
    "pusk": "puskesmas",
    "lmpu": "lampu",
    "brlubang": "berlubang",
    "smph": "sampah",
    "bpjskes": "bpjs",
    "antri": "antrean",
    "antrian": "antrean",
    "sklh": "sekolah",
}
"""Short forms of SMS -> the word."""

_ENDINGS = ("nya", "lah", "kah", "pun")
_BEGINNINGS = ("meng", "peng", "mem", "men", "ber", "ter", "per", "me", "di", "ke")


def stem(word: str) -> str:
    """Cut one ending and one beginning off a folded Indonesian word, where it is long.

    Not a true stem, but the same for most forms of a word. A doubled word is one.
    """
    first, _, second = word.partition("-")
    word = SHORTENED.get(word, first if first == second else word)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= STEM_SHORTEST:
            word = word.removesuffix(ending)
            break
    for beginning in _BEGINNINGS:
        if word.startswith(beginning) and len(word) - len(beginning) >= STEM_SHORTEST:
            return word.removeprefix(beginning)
    return word


def telling_words(text: str) -> Iterator[str]:
    """Give the words of a text that say what it is about, folded; numbers never are."""
    for found in _WORD.finditer(text.casefold()):
        word = found.group()
        if len(word) >= SHORTEST and word not in USUAL:
            yield word
