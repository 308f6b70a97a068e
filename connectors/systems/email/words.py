"""What officers read, in Indonesian and English: a row for each thing to be said."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Said(NamedTuple):
    """One thing in two languages."""

    id: str
    en: str

    @property
    def both(self) -> str:
        """Both on one line."""
        return f"{self.id} / {self.en}"


FIELDS: tuple[tuple[str, Said], ...] = (
    ("public_number", Said("Nomor", "Number")),
    ("type", Said("Jenis", "Kind")),
    ("received_at", Said("Diterima", "Received")),
    ("incident_on", Said("Tanggal kejadian", "Happened on")),
    ("category.code", Said("Kategori", "Category")),
    ("region.code", Said("Wilayah", "Region")),
    ("place_text", Said("Tempat", "Place")),
    ("landmark", Said("Patokan", "Landmark")),
    ("latitude", Said("Lintang", "Latitude")),
    ("longitude", Said("Bujur", "Longitude")),
    ("channel", Said("Kanal", "Channel")),
    ("language", Said("Bahasa", "Language")),
    ("reporter.name", Said("Pelapor", "Reporter")),
    ("reporter.phone", Said("Telepon", "Telephone")),
    ("reporter.email", Said("Surel", "E-mail")),
    ("reporter.address", Said("Alamat", "Address")),
)
"""Field of the allow-list -> its title. What an agency may not see is not there."""

VALUES: Mapping[str, Said] = MappingProxyType(
    {
        "complaint": Said("Pengaduan", "complaint"),
        "suggestion": Said("Aspirasi", "suggestion"),
        "information_request": Said("Permintaan informasi", "information request"),
        "whistleblowing": Said("Pengaduan pelanggaran", "whistleblowing"),
        "email": Said("Surel", "e-mail"),
        "sms": Said("SMS", "SMS"),
        "web": Said("Situs", "web"),
    }
)
"""Codes of `type` and `channel`."""

MEANINGS: Mapping[str, Said] = MappingProxyType(
    {
        "acknowledged": Said("sudah kami baca", "we have read it"),
        "work_started": Said("sedang kami kerjakan", "we are working on it"),
        "followed_up": Said("kabar kemajuan", "news of our work"),
        "leg_put_on_hold": Said("kami menunggu pelapor", "we wait for the reporter"),
        "resolved": Said("sudah selesai", "it is done"),
        "return_requested": Said("bukan wewenang kami", "it is not ours to act on"),
        "unit_assigned": Said("diserahkan ke unit kami", "given to one of our units"),
    }
)
"""Event type that an answer stands for -> what it tells the reporter."""

HAPPENED: Mapping[str, Said] = MappingProxyType(
    {
        "assigned": Said("Diserahkan kepada Anda", "Given to you"),
        "put_on_hold": Said("Menunggu pelapor", "Waiting for the reporter"),
        "resumed": Said("Dilanjutkan", "It goes on"),
        "classified": Said("Jenis atau kategori berubah", "Kind or category changed"),
        "flags_changed": Said("Kerahasiaan berubah", "Confidentiality changed"),
        "unit_assigned": Said("Diserahkan ke unit", "Given to a unit"),
        "acknowledged": Said("Dibaca instansi lain", "Read by another agency"),
        "work_started": Said("Dikerjakan instansi lain", "Another agency works on it"),
        "followed_up": Said("Kabar dari instansi lain", "News of another agency"),
        "leg_put_on_hold": Said("Instansi lain menunggu", "Another agency waits"),
        "return_refused": Said(
            "Pengembalian ditolak: tetap pada Anda", "Not taken back: it stays with you"
        ),
        "returned": Said(
            "Diambil kembali: bukan pada Anda lagi", "Taken back: no longer yours"
        ),
        "resolved": Said("Selesai di instansi lain", "Done at another agency"),
        "reporter_replied": Said("Pelapor menulis lagi", "The reporter wrote again"),
        "remarked": Said("Catatan dari pusat", "A remark from above"),
        "corrected": Said("Pelapor memperbaiki laporan", "The reporter corrected it"),
        "third_party_comment": Said("Orang lain menulis", "Somebody else wrote"),
        "accepted": Said("Pelapor menerima jawaban", "The reporter accepts the answer"),
        "appealed": Said("Pelapor mengajukan keberatan", "The reporter appeals"),
        "withdrawn": Said("Pelapor mencabut laporan", "The reporter takes it back"),
        "deadline_warned": Said("Batas waktu mendekat", "The deadline is near"),
        "deadline_breached": Said("Batas waktu terlewati", "The deadline has passed"),
        "escalated": Said("Diteruskan ke atasan", "Escalated to those above"),
        "closed_by_silence": Said("Ditutup: pelapor diam", "Closed: no more was heard"),
        "closed": Said("Ditutup", "Closed"),
        "reopened": Said("Dibuka kembali", "Reopened"),
        "archived": Said("Diarsipkan", "Archived"),
        "rejected": Said("Ditolak", "Rejected"),
        "restored": Said("Dibuka dari arsip", "Taken out of the archive"),
        "merged_into": Said("Digabung ke laporan lain", "Merged into another report"),
        "relayed": Said("Kabar dari laporan gabungan", "News of a merged report"),
        "erasure_requested": Said(
            "Hapus semua data laporan ini", "Delete all data of this report"
        ),
    }
)
"""Event type -> what an officer is told of it."""
NEWS = Said("Ada kabar", "There is news")
"""Of a type that has no words of its own."""

ENDS = frozenset(
    {
        "returned",
        "withdrawn",
        "archived",
        "rejected",
        "merged_into",
        "erasure_requested",
    }
)
"""After these nothing is asked of the officer any more."""

STATUSES: Mapping[str, Said] = MappingProxyType(
    {
        "received": Said("diterima", "received"),
        "on_hold": Said("tertunda", "on hold"),
        "verified": Said("terverifikasi", "verified"),
        "assigned": Said("terdisposisi", "assigned"),
        "assigned_unit": Said("belum ditindaklanjuti", "with a unit"),
        "return_requested": Said("diminta kembali", "return requested"),
        "in_progress": Said("proses", "in progress"),
        "closed": Said("selesai", "closed"),
        "appealed": Said("keberatan", "appealed"),
        "archived": Said("diarsipkan", "archived"),
        "rejected": Said("ditolak", "rejected"),
        "merged": Said("digabung", "merged"),
        "emergency_redirected": Said("darurat", "emergency"),
        "withdrawn": Said("dicabut", "withdrawn"),
    }
)
"""Status of the whole complaint."""

NEW_REPORT = Said("Laporan baru", "New report")
NEWS_OF_REPORT = Said("Kabar laporan", "News on a report")
CONFIDENTIAL = Said("Rahasia: jangan disebarkan", "Confidential: do not pass it on")
WRITTEN = Said("Isi laporan", "What was written")
FILES = Said("Lampiran", "Attachments")
TOO_LARGE = Said("terlalu besar untuk surel", "too large for mail")
DUE = Said("Batas waktu", "Due by")
STANDS = Said("Status sekarang", "Status now")
HOW_TO_ANSWER = Said("Cara menjawab", "How to answer")
NO_ANSWER = Said("Tidak perlu dijawab.", "No answer is needed.")
ANSWER = Said(
    "Balas surel ini. Baris pertama: satu angka atau satu kata dari daftar ini. "
    "Baris berikutnya: penjelasan Anda; pelapor membacanya.",
    "Reply to this mail. First line: one number or one word of this list. "
    "Below it: what you want to say; the reporter reads it.",
)
