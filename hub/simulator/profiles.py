"""The dialects of the agencies: how each of their systems speaks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

WIB = ZoneInfo("Asia/Jakarta")


def _naive_local(at: datetime) -> str:
    return at.astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S")


def _iso_local(at: datetime) -> str:
    return at.astimezone(WIB).isoformat(timespec="microseconds")


@dataclass(frozen=True, kw_only=True)
class AgencyProfile:
    """One agency's system: its words, its numbers, what it can and cannot do."""

    name: str
    """Name of the party in the hub."""
    short: str
    """Name in environment variables."""
    title: str
    number_format: str
    """Format of a case's number, from `n`."""
    words: tuple[str, ...]
    """Statuses of an ordinary case, in order; the last one settles it."""
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What an officer may write beside a status."""
    return_word: str = ""
    """Status of a case that the agency gives back."""
    returns: float = 0
    """Share of cases that are given back after the first status."""
    honours_keys: bool
    """A repeated call with the same key has one effect."""
    finds: bool
    """A case and an event can be looked for by key."""
    numbers_updates: bool
    """Updates of one case carry a running number."""
    required: tuple[str, ...] = ("kunci",)
    """Fields without which a case is refused (422)."""
    answer_reference: str = "nomor"
    """Name of the number in answers."""
    update_reference: str = "nomor"
    """Name of the number in updates."""
    write_time: Callable[[datetime], str] = _naive_local

    def __post_init__(self) -> None:
        if self.returns and not self.return_word:
            msg = f"{self.name} has no word for what it gives back"
            raise ValueError(msg)

    @property
    def last_words(self) -> frozenset[str]:
        """The statuses after which the agency does nothing more by itself."""
        return frozenset({self.words[-1], self.return_word} - {""})


PUPR = AgencyProfile(
    name="dinas_pupr",
    short="PUPR",
    title="Dinas Pekerjaan Umum dan Penataan Ruang Kabupaten Sukamaju",
    number_format="PUPR-26-{n:06d}",
    words=("Diterima", "Dikerjakan", "Selesai"),
    notes={
        "Diterima": ("Laporan kami terima.", ""),
        "Dikerjakan": ("Tim sudah di lokasi.", "Menunggu aspal dari gudang."),
        "Selesai": ("Sudah diperbaiki.", "Pekerjaan selesai, terima kasih."),
    },
    return_word="Bukan Wewenang",
    honours_keys=True,
    finds=True,
    numbers_updates=True,
)
DISDUKCAPIL = AgencyProfile(
    name="disdukcapil",
    short="DISDUKCAPIL",
    title="Dinas Kependudukan dan Pencatatan Sipil Kabupaten Sukamaju",
    number_format="DKC{n:07d}",
    words=("REGISTERED", "PROSES", "TANGGAPAN", "SELESAI"),
    notes={
        "TANGGAPAN": (
            "Blangko sudah tersedia, silakan datang ke loket 3.",
            "Berkas dapat diambil pada jam kerja.",
        ),
    },
    honours_keys=False,
    finds=True,
    numbers_updates=False,
    required=("kunci", "uraian"),
    answer_reference="no_tiket",
    write_time=_iso_local,
)
DINKES = AgencyProfile(
    name="dinkes",
    short="DINKES",
    title="Dinas Kesehatan Kabupaten Sukamaju",
    number_format="{n:05d}/KES",
    words=("baru", "ditangani", "tuntas"),
    notes={"tuntas": ("Jadwal dokter sudah ditambah.", "")},
    honours_keys=False,
    finds=False,
    numbers_updates=False,
)
PROFILES = (PUPR, DISDUKCAPIL, DINKES)
"""The agencies of the simulated region."""
PLN = AgencyProfile(
    name="pln_sukamaju",
    short="PLN",
    title="PLN Unit Pelaksana Pelayanan Pelanggan Sukamaju",
    number_format="G26{n:08d}",
    words=("DITERIMA", "REGU BERANGKAT", "MENYALA"),
    notes={
        "REGU BERANGKAT": ("Regu menuju gardu.", ""),
        "MENYALA": ("Trafo sudah diganti.", "Listrik sudah menyala."),
    },
    return_word="BUKAN GANGGUAN PLN",
    honours_keys=True,
    finds=False,
    numbers_updates=True,
)
"""A utility whose own system is a message broker; not among the region's by itself."""
KEMENKES = AgencyProfile(
    name="kemenkes_registrasi",
    short="KEMENKES",
    title="Balai Registrasi Tenaga Kesehatan Sukamaju, Kementerian Kesehatan",
    number_format="{n}",
    words=("DITERIMA", "PROSES", "SELESAI"),
    notes={
        "PROSES": ("Berkas sedang diperiksa.", "Menunggu tanda tangan."),
        "SELESAI": ("STR sudah terbit dan dikirim.", "Berkas sudah selesai."),
    },
    return_word="BUKAN WEWENANG",
    honours_keys=True,
    finds=False,
    numbers_updates=False,
)
"""A unit that has a mailbox and nothing else: what it is sent twice it reads once."""
