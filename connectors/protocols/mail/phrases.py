"""Words that mail programs write around an answer, in Indonesian and English."""

import re

DELIMITER = "--- balas di atas garis ini / reply above this line ---"
"""First line of every mail of ours; what a client quotes begins here."""
END_OF_OURS = "--- akhir pesan / end of message ---"
"""Last line of every mail of ours; words below it are the answerer's again."""

DELIMITER_LINE = re.compile(r"balas di atas garis ini", re.IGNORECASE)
END_LINE = re.compile(r"akhir pesan / end of message", re.IGNORECASE)

QUOTED_LINE = re.compile(r"\s{0,3}>")

ATTRIBUTION = re.compile(
    # Pada Sab, 15 Jun 2024 pukul 14.59 Nama <a@b> menulis
    r"[\s*_]*(?:on|pada|tanggal|tgl\.?|pd\.?)\b.{5,280}"
    r"\b(?:wrote|writes|said|menulis|menuliskan|bilang)[\s*_]*:?[\s*_]*:?"
    # Nama <a@b> menulis pada Sab, 15 Jun 2024 pukul 14.59
    r"|.{2,120}\b(?:wrote|menulis)\s+(?:on|at|pada|tanggal)\b.{4,80}:"
    # Nama <a@b> menulis
    r"|.{2,100}<[^<>\s]+@[^<>\s]+>\s*(?:wrote|menulis)\s*:"
    # 2026-06-01 10.12 GMT+07.00 Nama <a@b>
    r"|\d{4}[-/.]\d\d?[-/.]\d\d?\b.{2,120}<[^<>\s]+@[^<>\s]+>\s?:",
    re.IGNORECASE,
)
"""A line (several lines joined) that introduces a quotation."""

DATED_START = re.compile(
    r"[\s*_]*(?:on|pada|tanggal|tgl\.?|pd\.?|\d{4}[-/.]\d\d?)\b", re.IGNORECASE
)
NAMED_START = re.compile(
    r".{2,120}\b(?:wrote|menulis)\s+(?:on|at|pada|tanggal)\b|.{2,100}<[^<>\s]+@",
    re.IGNORECASE,
)

LOOSE_ATTRIBUTION = re.compile(
    r".{2,100}\s(?:wrote|writes|menulis|écrit|schrieb|escribió|написала?|escreveu|"
    r"ha scritto|skrev|pisze|napisał\(?a?\)?)\s*:\s*"
    # Other languages: an address or a time of day, and a colon at the end.
    r"|.{5,280}(?:@|\d{1,2}[:.]\d{2}\b).{0,200}:\s*",
    re.IGNORECASE,
)
"""Counts only where quoted lines follow."""

DATED = re.compile(r"\d{1,2}[.:]\d{2}|\d{4}|\d{1,2}/\d{1,2}")

BANNER = re.compile(
    r"[\s>*_]*[-_=]{2,}\s*(?:original message|original appointment|reply message|"
    r"pesan asli|pesan sebelumnya|pesan awal)\s*[-_=]{2,}[\s*_]*",
    re.IGNORECASE,
)

ANY_BANNER = re.compile(r"\s*-{3,}\s*[^\W\d_][\w .]{3,60}\s*-{3,}\s*")
"""The same in any language; counts only where headers stand below it."""
ANY_HEADER = re.compile(r"\s*[\w -]{1,30}\s*:\s*\S")

NAMED_ADDRESS = re.compile(r"\d.*<[^<>\s]+@[^<>\s]+>")

LIST_RULE = re.compile(r"\s*_{20,}\s*")
WEB_LINE = re.compile(r"https?://|www\.", re.IGNORECASE)

HEADER_FROM = re.compile(r"[\s*_]*(?:from|dari|pengirim)\s*[*_]*\s*:", re.IGNORECASE)
HEADER_DATE = re.compile(
    r"[\s*_]*(?:sent|date|dikirim|terkirim|tanggal|waktu)\s*[*_]*\s*:.*\d",
    re.IGNORECASE,
)
HEADER_OTHER = re.compile(
    r"[\s*_]*(?:to|cc|subject|kepada|ke|untuk|tembusan|subjek|perihal|judul)"
    r"\s*[*_]*\s*:",
    re.IGNORECASE,
)
RULE_LINE = re.compile(r"\s*[-_=*]{5,}\s*")

SIGNATURE_DASHES = re.compile(r"--\s?")
_DEVICES = (
    r"iphone|ipad|ipod|android|yahoo|samsung|galaxy|outlook|gmail|blackberry|huawei|"
    r"xiaomi|redmi|oppo|vivo|realme|nokia|windows|proton|thunderbird|spark|mailbird|"
    r"ponsel|hp|handphone|smartphone|perangkat|seluler|tablet|mobile|phone|device|"
    r"mail|email|surel|telkomsel|indosat|webmail"
)
DEVICE_LINE = re.compile(
    rf"[\s*_>]*(?:(?:di|ter)kirim|diketik|sent|typed|envoyé)\s+"
    rf"(?:dari|dengan|melalui|menggunakan|via|lewat|from|with|using|on)\b"
    rf"[^,;:!?]{{0,40}}\b(?:{_DEVICES})\b[^,;:!?]{{0,60}}"
    r"|[\s*_]*(?:get|dapatkan|download|unduh)\s+(?:outlook|yahoo|gmail|proton|spark)\b"
    r".{0,80}",
    re.IGNORECASE,
)
"""A line that a telephone or a mail program signs with."""
