"""The coded reasons of decisions, with what the reporter reads for them."""

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "complete": ("Laporan lengkap dan jelas", "It is complete and clear"),
        "needs_place": ("Lokasi kejadian belum jelas", "The place is not clear"),
        "needs_time": ("Waktu kejadian belum jelas", "The time is not clear"),
        "needs_details": ("Uraian belum cukup", "The description is not enough"),
        "needs_documents": ("Dokumen belum lengkap", "Documents are missing"),
        "no_answer": (
            "Kelengkapan tidak kami terima",
            "What was asked for did not come",
        ),
        "unclear": ("Isi laporan tidak dapat dipahami", "It cannot be understood"),
        "too_general": ("Isi laporan terlalu umum", "It is too general"),
        "wrong_format": ("Format pesan keliru", "The message has a wrong form"),
        "out_of_scope": (
            "Di luar pelayanan publik",
            "It is not about a public service",
        ),
        "unlawful": (
            "Permintaan bertentangan dengan hukum",
            "What it asks for is against the law",
        ),
        "in_court": ("Sedang diperiksa pengadilan", "A court is dealing with it"),
        "spam": ("Bukan laporan yang sungguh-sungguh", "It is not a serious report"),
        "duplicate": ("Sudah dilaporkan sebelumnya", "It was reported before"),
        "not_competent": (
            "Bukan kewenangan instansi tersebut",
            "The agency is not competent",
        ),
        "competent": (
            "Tetap kewenangan instansi tersebut",
            "The agency stays competent",
        ),
        "settled": ("Sudah diselesaikan", "It was settled"),
        "disputed": ("Jawaban belum menyelesaikan", "The answer did not settle it"),
        "new_facts": ("Ada keterangan baru", "There are new facts"),
        "by_mistake": ("Keputusan sebelumnya keliru", "The decision was a mistake"),
        "emergency": ("Keadaan darurat", "It is an emergency"),
        "at_own_request": ("Atas permintaan pelapor", "At the reporter's request"),
    }
)
"""Code -> (Indonesian, English)."""
