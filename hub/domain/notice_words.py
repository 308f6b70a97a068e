"""The sentences that citizens read: per event, language, and length, as a table.

The long one is for mails and the tracking page. The short one is for SMS: only
characters of GSM 03.38, so that a message of the air has 160 of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in two languages and two lengths; the short defaults to the long."""

    id: str
    en: str
    id_short: str = ""
    en_short: str = ""

    def said(self, language: str, *, short: bool) -> str:
        """Choose the sentence of a language and length."""
        brief: str = getattr(self, f"{language}_short")
        long: str = getattr(self, language)
        return brief or long if short else long


PHRASES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "number": (", nomor mereka {}", ", their number {}"),
        "unit": (" ({})", " ({})"),
        "reason": (" Alasan: {}.", " Reason: {}."),
        "truncated": (
            (
                " Sebagian isinya terlalu besar untuk kami simpan; mohon kirim lagi "
                "yang penting dalam ukuran lebih kecil."
            ),
            (
                " A part of it was too large to keep; please send what matters again, "
                "smaller."
            ),
        ),
    }
)
"""What stands in place of a name where there is something to say: Indonesian, English.
The reason has no place of its own: it follows the sentence, and so does what was not
kept."""

NOTICES: Mapping[str, Sentence] = MappingProxyType(
    {
        "registered": Sentence(
            "Laporan Anda sudah kami terima dengan kode {code}.",
            "We received your report; its code is {code}.",
            "Laporan Anda diterima dengan kode {code}.",
            "Report received, code {code}.",
        ),
        "handed_over": Sentence(
            "Laporan Anda sudah sampai di {agency}{number}.",
            "Your report is now with {agency}{number}.",
            "Sudah sampai di {agency}{number}.",
            "Now with {agency}{number}.",
        ),
        "hand_over_delayed": Sentence(
            "Sistem {agency} belum dapat dihubungi sejak {since}. Laporan Anda aman "
            "pada kami dan diteruskan begitu sistem itu dapat dihubungi.",
            "The system of {agency} could not be reached since {since}. Your report "
            "is safe with us and goes on as soon as that system can be reached.",
            "Sistem {agency} belum dapat dihubungi sejak {since}; kami terus mencoba.",
            "The system of {agency} could not be reached since {since}; "
            "we keep trying.",
        ),
        "unit_assigned": Sentence(
            "{agency} meneruskan laporan Anda ke unitnya{unit}.",
            "{agency} passed your report to one of its units{unit}.",
            "Diteruskan {agency} ke unitnya{unit}.",
            "{agency} passed it to a unit{unit}.",
        ),
        "acknowledged": Sentence(
            "{agency} sudah membaca laporan Anda.",
            "{agency} has seen your report.",
            "Sudah dibaca {agency}.",
            "Seen by {agency}.",
        ),
        "work_started": Sentence(
            "{agency} mulai menangani laporan Anda.",
            "{agency} started to work on it.",
            "Mulai ditangani {agency}.",
            "{agency} started to work on it.",
        ),
        "followed_up": Sentence(
            "{agency} menjawab laporan Anda.",
            "{agency} answered your report.",
            "{agency} menjawab.",
            "{agency} answered.",
        ),
        "update_unclear": Sentence(
            "Ada kabar dari {agency} tentang laporan Anda yang masih kami periksa.",
            "There is news from {agency} about your report that we are still checking.",
            "Ada kabar dari {agency} yang masih kami periksa.",
            "There is news from {agency} that we are still checking.",
        ),
        "leg_put_on_hold": Sentence(
            "{agency} menunggu keterangan dari Anda.",
            "{agency} waits for information from you.",
        ),
        "resolved": Sentence(
            "{agency} menyatakan laporan Anda selesai.",
            "{agency} settled your report.",
            "Dinyatakan selesai oleh {agency}.",
            "Settled by {agency}.",
        ),
        "put_on_hold": Sentence(
            "Laporan Anda perlu dilengkapi; balas pesan ini.",
            "Your report needs more information; please reply.",
            "Perlu dilengkapi: kirim TL {code} <keterangan>.",
            "More information is needed: send TL {code} <your answer>.",
        ),
        "resumed": Sentence(
            "Laporan Anda diproses kembali.",
            "Your report is being handled again.",
        ),
        "closed": Sentence("Laporan Anda ditutup.", "Your report was closed."),
        "reopened": Sentence(
            "Laporan Anda dibuka kembali.", "Your report was opened again."
        ),
        "restored": Sentence(
            "Laporan Anda dibuka kembali.", "Your report was opened again."
        ),
        "archived": Sentence("Laporan Anda diarsipkan.", "Your report was archived."),
        "rejected": Sentence(
            "Laporan Anda di luar cakupan layanan ini.",
            "Your report is outside the scope of this service.",
            "Laporan di luar cakupan layanan ini.",
            "The report is outside the scope of this service.",
        ),
        "emergency_advised": Sentence(
            "Jika ini keadaan darurat, segera hubungi 112. Laporan Anda tetap "
            "kami proses.",
            "If this is an emergency, call 112 at once. We go on with your report.",
            "Keadaan darurat? Hubungi 112. Laporan tetap diproses.",
            "An emergency? Call 112. We go on with your report.",
        ),
        "emergency_redirected": Sentence(
            "Ini keadaan darurat: segera hubungi 112.",
            "This is an emergency: please call 112 at once.",
        ),
        "merged_into": Sentence(
            "Laporan Anda digabung dengan laporan serupa; kabar tetap kami kirim.",
            "Your report was joined with a similar one; you will still hear from us.",
            "Digabung dengan laporan serupa; kabar tetap kami kirim.",
            "Joined with a similar report; you will still hear from us.",
        ),
        "relayed": Sentence(
            "{agency} menanggapi laporan yang digabung dengan laporan ini.",
            "{agency} answered a report that was joined with this one.",
            "{agency} menanggapi laporan yang digabung dengan ini.",
            "{agency} answered a report joined with this one.",
        ),
        "remarked": Sentence(
            "{agency} menanggapi laporan Anda.",
            "{agency} answered your report.",
        ),
        "closed_by_silence": Sentence(
            "Laporan Anda ditutup karena tidak ada tanggapan lagi.",
            "Your report was closed because nobody answered any more.",
            "Ditutup karena tidak ada tanggapan lagi.",
            "Closed because nobody answered any more.",
        ),
        "erasure_requested": Sentence(
            "Permintaan penghapusan data Anda kami terima.",
            "We received your request to erase your data.",
        ),
    }
)
"""Event type -> sentence."""

ANSWERS: Mapping[str, Sentence] = MappingProxyType(
    {
        "status": Sentence(
            "Laporan {code}: {label}.",
            "Report {code}: {label}.",
        ),
        "known": Sentence(
            "Laporan ini sudah kami terima dengan kode {code}.",
            "We have this report already; its code is {code}.",
        ),
        "encrypted": Sentence(
            "Pesan Anda terenkripsi dan tidak dapat kami baca. Kirim lagi tanpa "
            "enkripsi; pesan aslinya kami simpan.",
            "Your message is encrypted and we cannot read it. Please send it again "
            "without encryption; we keep the original.",
        ),
        "unknown_code": Sentence(
            "Kode tidak kami kenal. Periksa kembali kode laporan Anda.",
            "We do not know this code. Please check the code of your report.",
        ),
        "help": Sentence(
            "Kirim LAPOR <isi laporan>, STATUS <kode>, atau TL <kode> <pesan>.",
            "Send LAPOR <your report>, STATUS <code>, or TL <code> <message>.",
        ),
        "no_content": Sentence(
            "Pesan Anda kosong. Tulis laporan Anda, lalu kirim lagi.",
            "Your message was empty. Please write your report and send it again.",
        ),
        "opted_out": Sentence(
            "Kami tidak lagi mengirim kabar ke sini. Kirim MULAI untuk menerimanya.",
            "You will not hear from us here any more. Send START to hear again.",
        ),
        "opted_in": Sentence(
            "Mulai sekarang kabar laporan Anda kami kirim ke sini.",
            "From now on you will hear from us here.",
        ),
    }
)
"""Answers to questions that are no events."""

OF_LEGS = frozenset({"agency", "unit"})
PLACES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "handed_over": OF_LEGS | {"number"},
        "hand_over_delayed": OF_LEGS | {"since"},
        "status": frozenset({"label"}),
        **dict.fromkeys(
            (
                "unit_assigned",
                "acknowledged",
                "work_started",
                "followed_up",
                "update_unclear",
                "leg_put_on_hold",
                "resolved",
                "relayed",
                "remarked",
            ),
            OF_LEGS,
        ),
    }
)
"""Names that a sentence may use beside `code`, which all may."""
