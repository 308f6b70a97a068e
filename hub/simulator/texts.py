"""What citizens of the region write about; invented, with invented people."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One thing to complain about."""

    number: int
    title: str
    body: str
    sms: str = ""
    """How it is said in an SMS, without keyword; empty means as the body."""
    category: str
    weight: int
    """How often it is written, relative to the others."""
    type: str = "complaint"
    confidential: bool = False
    has_place: bool = True

    @property
    def short(self) -> str:
        """Return the words of an SMS."""
        return self.sms or self.body


SAMPLES = (
    Sample(
        number=1,
        title="Jalan berlubang di depan Pasar Sukamaju",
        body="Sudah dua bulan jalan di depan pasar berlubang dalam, kemarin malam ada "
        "pengendara motor jatuh. Mohon segera ditambal.",
        sms="jalan dpn pasar sukamaju berlubang, sdh ada yg jatuh, mohon ditambal",
        category="pekerjaan-umum",
        weight=10,
    ),
    Sample(
        number=2,
        title="KTP-el belum jadi sejak Januari",
        body="Saya sudah rekam bulan Januari, sampai sekarang hanya diberi surat "
        "keterangan. Kapan blangko tersedia?",
        sms="ktp-el sy blm jadi sejak januari, kapan blangko tersedia?",
        category="kependudukan",
        weight=8,
        has_place=False,
    ),
    Sample(
        number=3,
        title="Nama saya hilang dari daftar PKH",
        body="Tahun lalu masih terima, sekarang kata pendamping data tidak ditemukan. "
        "NIK 9999990101900001, mohon dicek.",
        category="bantuan-sosial",
        weight=11,
        has_place=False,
    ),
    Sample(
        number=4,
        title="Diminta uang saat urus surat di kantor",
        body="Petugas loket minta 150 ribu supaya cepat. Saya takut kalau nama saya "
        "diketahui.",
        category="ketenteraman",
        weight=6,
        confidential=True,
    ),
    Sample(
        number=5,
        title="Antrean puskesmas terlalu lama",
        body="Datang jam 6 pagi, baru dilayani jam 11, dokter hanya satu.",
        sms="antrean puskesmas sukamaju lama sekali, dokter cuma satu",
        category="kesehatan",
        weight=5,
    ),
    Sample(
        number=6,
        title="STR perawat belum terbit",
        body="Berkas sudah lengkap 3 bulan, status di sistem masih verifikasi. Saya "
        "perawat di puskesmas.",
        category="kesehatan",
        weight=3,
        has_place=False,
    ),
    Sample(
        number=7,
        title="Lampu jalan mati satu blok",
        body="Dari perempatan sampai jembatan gelap semua, rawan begal.",
        sms="lampu jalan mati dr perempatan smp jembatan, rawan begal",
        category="pekerjaan-umum",
        weight=6,
    ),
    Sample(
        number=8,
        title="Situs judi online",
        body="Mohon blokir situs contoh-judi-77.example, terus muncul iklan di HP anak "
        "saya.",
        category="teknologi-informasi",
        weight=6,
        has_place=False,
    ),
    Sample(
        number=9,
        title="Usul halte di dekat SMP",
        body="Anak-anak menunggu angkot di pinggir jalan raya, mohon dibangun halte.",
        category="perhubungan",
        weight=3,
        type="suggestion",
    ),
    Sample(
        number=10,
        title="Syarat pindah domisili",
        body="Apakah masih perlu surat RT/RW? Bagaimana kalau lewat online?",
        sms="syarat pindah domisili apa saja? apa msh perlu surat rt/rw?",
        category="kependudukan",
        weight=4,
        type="information_request",
        has_place=False,
    ),
    Sample(
        number=11,
        title="Air PDAM mati",
        body="Air PDAM mati 4 hari di Perum Griya Asri blok C, tolong ditindak.",
        sms="air pdam mati 4 hr d perum griya asri blok c, tlg ditindak",
        category="air-minum",
        weight=4,
    ),
    Sample(
        number=12,
        title="Limbah pabrik bau menyengat",
        body="Setiap malam keluar asap dan bau, sungai jadi hitam. Sudah lapor "
        "kelurahan tapi dibilang kewenangan provinsi.",
        category="lingkungan",
        weight=5,
    ),
    Sample(
        number=13,
        title="tes",
        body="coba coba aja hehe",
        category="",
        weight=2,
        has_place=False,
    ),
    Sample(
        number=14,
        title="Kebakaran",
        body="Tolong ada kebakaran di gang mawar sekarang!",
        category="",
        weight=1,
    ),
)
"""Everything that people write, also what no agency of the region is there for."""

ROUTABLE_CATEGORIES = frozenset({"pekerjaan-umum", "kependudukan", "kesehatan"})
REGISTRATION = 6
"""Number of the sample that the ministry's unit is there for."""
ROUTABLE = tuple(
    s for s in SAMPLES if s.category in ROUTABLE_CATEGORIES and s.number != REGISTRATION
)
"""What one of the three offices of the region is clearly there for."""

FIRST_NAMES = ("Asep", "Dewi", "Rina", "Ujang", "Sari", "Bambang", "Wati", "Yusuf")
LAST_NAMES = ("Contoh", "Rekaan", "Misal", "Umpama", "Andai", "Khayal")
PLACES = (
    "Jl. Pasar Sukamaju No. 7",
    "RT 03 RW 05 Desa Sukamaju",
    "Perempatan Alun-alun Sukamaju",
    "Gang Mawar, Kecamatan Sukamaju Kota",
    "Depan Puskesmas Sukamaju",
)
