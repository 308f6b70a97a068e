"""What a citizen reads for each event, in Indonesian and English."""

from collections.abc import Mapping
from typing import Any

from schemas.events import NewEvent
from schemas.reasons import REASONS
from schemas.status import LABELS, Status

NOTICES: dict[str, tuple[str, str]] = {
    "registered": (
        "Laporan Anda sudah kami terima dengan kode {code}.",
        "We received your report; its code is {code}.",
    ),
    "handed_over": (
        "Laporan Anda sudah sampai di {agency}{number_id}.",
        "Your report is now with {agency}{number_en}.",
    ),
    "unit_assigned": (
        "{agency} meneruskan laporan Anda ke unitnya{unit}.",
        "{agency} passed your report to one of its units{unit}.",
    ),
    "acknowledged": (
        "{agency} sudah membaca laporan Anda.",
        "{agency} has seen your report.",
    ),
    "work_started": (
        "{agency} mulai menangani laporan Anda.",
        "{agency} started to work on it.",
    ),
    "followed_up": (
        "{agency} menjawab laporan Anda.",
        "{agency} answered your report.",
    ),
    "leg_put_on_hold": (
        "{agency} menunggu keterangan dari Anda.",
        "{agency} waits for information from you.",
    ),
    "resolved": (
        "{agency} menyatakan laporan Anda selesai.",
        "{agency} settled your report.",
    ),
    "put_on_hold": (
        "Laporan Anda perlu dilengkapi; balas pesan ini.",
        "Your report needs more information; please reply.",
    ),
    "resumed": (
        "Laporan Anda diproses kembali.",
        "Your report is being handled again.",
    ),
    "closed": ("Laporan Anda ditutup.", "Your report was closed."),
    "reopened": ("Laporan Anda dibuka kembali.", "Your report was opened again."),
    "restored": ("Laporan Anda dibuka kembali.", "Your report was opened again."),
    "archived": ("Laporan Anda diarsipkan.", "Your report was archived."),
    "rejected": (
        "Laporan Anda di luar cakupan layanan ini.",
        "Your report is outside the scope of this service.",
    ),
    "emergency_redirected": (
        "Ini keadaan darurat: segera hubungi 112.",
        "This is an emergency: please call 112 at once.",
    ),
    "merged_into": (
        "Laporan Anda digabung dengan laporan serupa; kabar tetap kami kirim.",
        "Your report was joined with a similar one; you will still hear from us.",
    ),
    "relayed": (
        "{agency} menanggapi laporan yang digabung dengan laporan ini.",
        "{agency} answered a report that was joined with this one.",
    ),
    "closed_by_silence": (
        "Laporan Anda ditutup karena tidak ada tanggapan lagi.",
        "Your report was closed because nobody answered any more.",
    ),
    "erasure_requested": (
        "Permintaan penghapusan data Anda kami terima.",
        "We received your request to erase your data.",
    ),
}
"""Event type -> sentence (Indonesian, English)."""

ANSWERS: dict[str, tuple[str, str]] = {
    "status": (
        "Laporan {code}: {label_id}.",
        "Report {code}: {label_en}.",
    ),
    "unknown_code": (
        "Kode tidak kami kenal. Periksa kembali kode laporan Anda.",
        "We do not know this code. Please check the code of your report.",
    ),
    "help": (
        "Kirim LAPOR <isi laporan>, STATUS <kode>, atau TL <kode> <pesan>.",
        "Send LAPOR <your report>, STATUS <code>, or TL <code> <message>.",
    ),
    "no_content": (
        "Pesan Anda kosong. Tulis laporan Anda, lalu kirim lagi.",
        "Your message was empty. Please write your report and send it again.",
    ),
}
"""Answers to questions that are no events."""


def speaker(event: NewEvent) -> str:
    """Name the agency whose word an event is, or that it is about; else nothing."""
    return event.leg[0] if event.leg else str(event.facts.get("agency", ""))


def notice(
    event_type: str, facts: Mapping[str, Any], words: Mapping[str, Any], title: str
) -> tuple[str, str]:
    """Word one event for a citizen; `title` is the acting agency's name.

    The reason of a decision follows the sentence, and then what was written with it.
    """
    pair = NOTICES.get(event_type)
    if pair is None:
        return ("", "")
    reference = str(words.get("reference", ""))
    values = {
        "code": facts.get("code", ""),
        "agency": title,
        "unit": f" ({unit})" if (unit := facts.get("unit")) else "",
        "number_id": f", nomor mereka {reference}" if reference else "",
        "number_en": f", their number {reference}" if reference else "",
    }
    said = str(words.get("text", "")).strip()
    tail = f' "{said}"' if said else ""
    reason = REASONS.get(str(facts.get("reason_code", "")))
    why = (f" Alasan: {reason[0]}.", f" Reason: {reason[1]}.") if reason else ("", "")
    return (
        pair[0].format_map(values) + why[0] + tail,
        pair[1].format_map(values) + why[1] + tail,
    )


def answer(kind: str, code: str = "", status: Status | None = None) -> tuple[str, str]:
    """Word an answer to a question."""
    label = LABELS[status] if status is not None else ("", "")
    values = {"code": code, "label_id": label[0], "label_en": label[1]}
    pair = ANSWERS[kind]
    return (pair[0].format_map(values), pair[1].format_map(values))
