"""Invented texts that no rule's examples were made from, and whom they are for."""

PUPR, DINKES, DUKCAPIL, NOBODY = "dinas_pupr", "dinkes", "disdukcapil", ""
KEMENKES = "kemenkes_registrasi"

HELD_OUT: tuple[tuple[str, str], ...] = (
    # As citizens of the simulated region write
    ("Sudah dua bulan jalan di depan pasar berlubang dalam, mohon ditambal.", PUPR),
    ("Saya sudah rekam bulan Januari, kapan blangko KTP-el tersedia?", DUKCAPIL),
    ("Nama saya hilang dari daftar PKH, kata pendamping tidak ditemukan.", NOBODY),
    ("Petugas loket minta 150 ribu supaya cepat. Saya takut.", NOBODY),
    ("Datang jam 6 pagi, baru dilayani jam 11, dokter hanya satu.", DINKES),
    ("STR perawat belum terbit, status di sistem masih verifikasi.", KEMENKES),
    ("Dari perempatan sampai jembatan gelap semua, rawan begal.", PUPR),
    ("Mohon blokir situs judi, terus muncul iklan di HP anak saya.", NOBODY),
    ("Anak-anak menunggu angkot di pinggir jalan raya, bangun halte.", NOBODY),
    ("Apakah pindah domisili masih perlu surat RT/RW?", DUKCAPIL),
    ("air pdam mati 4 hr d perum griya asri blok c, tlg ditindak", NOBODY),
    ("Setiap malam keluar asap dan bau, sungai jadi hitam.", PUPR),
    ("coba coba aja hehe", NOBODY),
    ("Tolong ada kebakaran di gang mawar sekarang!", NOBODY),
    # Without a word of any rule, or with a word of another form
    ("Gorong gorong mampet, setiap hujan air meluap ke halaman sekolah", PUPR),
    ("Banjir setinggi lutut di perumahan, salurannya tersumbat", PUPR),
    ("Aspalnya sudah terkelupas, banyak lobang, motor sering jatuh", PUPR),
    ("Penerangan padam satu blok, gelap sekali kalau malam", PUPR),
    ("Kendaraan berat lewat tiap malam, badan jalannya ambles", PUPR),
    ("Trotoarnya dipakai parkir dan sudah pecah", PUPR),
    ("Blangko habis terus, sudah tiga kali saya ke kantor", DUKCAPIL),
    ("Mau cetak ulang kartu karena nama salah ketik", DUKCAPIL),
    ("Akte kelahiran anak kedua belum keluar", DUKCAPIL),
    ("Syarat mengurus pindah penduduk antar kabupaten apa saja", DUKCAPIL),
    ("Nama ibu kandung di keluarga tidak cocok dengan ijazah", DUKCAPIL),
    ("Pelayanan online pindah alamat error terus", DUKCAPIL),
    ("Balita saya demam tinggi tetapi ditolak, katanya petugas rapat", DINKES),
    ("Stok vaksinasi anak habis sejak bulan lalu", DINKES),
    ("Pasien berdarah dibiarkan menunggu, tidak ada yang menolong", DINKES),
    ("Obatnya kedaluwarsa, saya baru sadar di rumah", DINKES),
    ("Nomor antriannya habis jam enam padahal baru buka", DINKES),
    ("Bidannya tidak pernah di tempat, ibu hamil harus ke kota", DINKES),
    ("Jam buka puskesmas pembantu tidak jelas", DINKES),
    # What belongs to nobody of the three
    ("Guru sering tidak masuk, murid disuruh pulang", NOBODY),
    ("Pungutan liar di sekolah untuk seragam", NOBODY),
    ("Harga pupuk subsidi naik dan langka", NOBODY),
    ("Upah saya dua bulan tidak dibayar perusahaan", NOBODY),
    ("Tetangga memutar musik keras sampai subuh", NOBODY),
    ("Listrik padam bergilir tanpa pemberitahuan", NOBODY),
    ("Angkot tidak mau menurunkan tarif", NOBODY),
    ("Sertifikat tanah belum selesai sejak pengukuran", NOBODY),
    ("Beras bantuan berkutu dan berbau", NOBODY),
    ("Sinyal internet hilang di desa kami", NOBODY),
    ("Anjing liar menggigit anak di kampung", NOBODY),
    ("Terima kasih, pelayanan sudah bagus", NOBODY),
)
"""Text -> the agency of the simulated region that is meant; empty: none of them."""
