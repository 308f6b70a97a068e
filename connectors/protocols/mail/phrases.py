"""Words that mail programs write around an answer.

Indonesian and English fully; of other languages what stands above a quotation.
"""
# ruff: noqa: RUF001 - letters of other alphabets are meant

import re

DELIMITER = "--- balas di atas garis ini / reply above this line ---"
"""First line of every mail of ours; what a client quotes begins here."""
END_OF_OURS = "--- akhir pesan / end of message ---"
"""Last line of every mail of ours; words below it are the answerer's again."""

DELIMITER_LINE = re.compile(r"balas di atas garis ini", re.IGNORECASE)
CODE_LINE = re.compile(r"kode laporan / tracking code:", re.IGNORECASE)
END_LINE = re.compile(r"akhir pesan / end of message", re.IGNORECASE)

QUOTED_LINE = re.compile(r"\s{0,3}>")

COLONS = (":", "：")
ADDRESS = r"<\s*(?:mailto:)?[^<>\s]+@[^<>\s]+\s*>?"
_WROTE = r"wrote|writes|said|menulis|menuliskan|nulis|bilang"
_WROTE_ELSEWHERE = (
    r"écrit|schrieb|geschreven|schreef|escribió|escribio|escreveu|ha scritto|skrev|"
    r"pisze|napisał|napisała|napsal|napsala|napísal|написала?|пишет|kirjoitti|yazdı|"
    r"írta|a scris|έγραψε|kirjutas|写道|書きました|viết"
)

ATTRIBUTION = re.compile(
    # Pada Sab, 15 Jun 2024 pukul 14.59 Nama <a@b> menulis
    rf"[\s*_]*(?:on|pada|ing dina|tanggal|tgl\.?|pd\.?)\b.{{5,280}}"
    rf"\b(?:{_WROTE})[\s*_]*:?[\s*_]*:?"
    # Nama <a@b> menulis pada Sab, 15 Jun 2024 pukul 14.59
    r"|.{2,120}\b(?:wrote|menulis)\s+(?:on|at|pada|tanggal)\b.{4,80}:"
    # Nama <a@b> menulis
    r"|.{2,100}<[^<>\s]+@[^<>\s]+>\s*(?:wrote|menulis)\s*:"
    # Mengutip Nama <a@b>
    r"|(?:quoting|mengutip)\s.{2,100}<[^<>\s]+@[^<>\s]+>\s*:"
    # 2026-06-01 10.12 GMT+07.00 Nama <a@b>
    r"|\d{4}[-/.]\d\d?[-/.]\d\d?\b.{2,120}<[^<>\s]+@[^<>\s]+>\s?:",
    re.IGNORECASE,
)
"""A line (several lines joined) that introduces a quotation."""

DATED_START = re.compile(
    r"[\s*_]*(?:on|pada|ing dina|tanggal|tgl\.?|pd\.?|\d{4}[-/.]\d\d?)\b",
    re.IGNORECASE,
)
NAMED_START = re.compile(
    r".{2,120}\b(?:wrote|menulis)\s+(?:on|at|pada|tanggal)\b|.{2,100}<[^<>\s]+@",
    re.IGNORECASE,
)

FOREIGN_START = re.compile(
    r"[\s*_]*(?:le|am|el|em|op|il|den|på|w dniu|dnia|dne|pe|στις|în|vào)\b|"
    r"\s*\d{1,4}[ ./年-]|\s*\w{2,14}\.?,? \d{1,2}\.?\s|.{2,100}<[^<>\s]+@",
    re.IGNORECASE,
)
FOREIGN_WROTE = re.compile(rf"\b(?:{_WROTE_ELSEWHERE})(?!\w)", re.IGNORECASE)
"""With an address, a figure and a colon at the end: an attribution elsewhere."""

ADDRESSED = re.compile(rf"{ADDRESS}|\S@\S+\s+(?:{_WROTE})\b|\[mailto:", re.IGNORECASE)
"""What no sentence of a person has: the address in brackets, or before the verb."""
_PERSON = (
    r"pak|bu|bapak|ibu|sdr|saudara|petugas|warga|ketua|kepala|lurah|camat|saya|kami|dia|"
    r"mereka|rt|rw|dinas|orang"
)
STAMPED = re.compile(
    rf"\d{{1,2}}[.:]\d{{2}}[^,]{{0,20}},\s*(?!(?i:{_PERSON})\b)"
    rf"(?:[\"“*(]*[A-Z][^,]{{0,80}}\b(?i:{_WROTE})|[^,]{{1,80}}\b(?i:wrote))\b",
)
"""Time, comma, name: what programs print, and hardly a person."""

LOOSE_ATTRIBUTION = re.compile(
    rf".{{2,100}}\s(?:{_WROTE}|{_WROTE_ELSEWHERE})(?:\(a\))?\s*[:：]\s*",
    re.IGNORECASE,
)
"""Counts only where quoted lines follow."""
YEAR_OR_DAY = re.compile(r"\d{4}|\d/\d")
CLOCK = re.compile(r"\b\d{1,2}[:.]\d{2}\b")

DATED = re.compile(r"\d{1,2}[.:]\d{2}|\d{4}|\d{1,2}/\d{1,2}")

BANNER = re.compile(
    r"[\s*_]*[-_=#]{2,}\s*(?:please )?(?:type your reply|reply|write|balas|"
    r"tulis balasan(?: anda)?) (?:above|di atas) (?:this|the|garis)\b.{0,40}|"
    r"[\s>*_]*[-_=]{2,}\s*(?:original message|original appointment|reply message|"
    r"pesan asli|pesan sebelumnya|pesan awal)\s*[-_=]{2,}[\s*_]*",
    re.IGNORECASE,
)

ANY_BANNER = re.compile(
    r"\s*[-_]{3,}\s*[^\W\d_][\w .-]{3,60}\s*[-_]{3,}\s*"
    r"|[\s>*_]*(?:begin forwarded message|(?:awal|mulai) pesan (?:yang )?"
    r"(?:terusan|diteruskan)|pesan (?:yang )?(?:terusan|diteruskan))\s*:[\s*_]*",
    re.IGNORECASE,
)
"""The same in any language; counts only where headers stand below it."""
ANY_HEADER = re.compile(r"[\s*_]*[\w -]{1,30}[*_]*\s*:[*_]*\s*\S")

NAMED_ADDRESS = re.compile(r"\d.*<[^<>\s]+@[^<>\s]+>")

LIST_RULE = re.compile(r"\s*_{20,}\s*")
WEB_LINE = re.compile(r"https?://|www\.", re.IGNORECASE)

HEADER_FROM = re.compile(
    r"[\s*_]*(?:from|dari|daripada|pengirim|von|de|da|van|från|fra|od|от|kimden|"
    r"lähettäjä|feladó|发件人|差出人)\s*[*_]*\s*[:：]",
    re.IGNORECASE,
)
HEADER_SENT = re.compile(
    r"[\s*_]*(?:sent|dikirim|terkirim|dihantar|gesendet|envoyé|enviad[oa](?: em| el)?|"
    r"inviato|verzonden|skickat|sendt|wysłano|отправлено|lähetetty|odesláno|gönderildi|"
    r"发送时间|送信日時)\s*[*_]*\s*[:：].*\d",
    re.IGNORECASE,
)
"""A date as only mail programs call it."""
HEADER_DATE = re.compile(
    r"[\s*_]*(?:date|tanggal|waktu|tarikh|datum|fecha|data|dato|дата|päiväys|tarih|"
    r"日期|日時)\s*[*_]*\s*[:：].*\d",
    re.IGNORECASE,
)
"""A date as official letters call it, too."""
HEADER_TO = re.compile(
    r"[\s*_]*(?:to|cc|kepada|ke|untuk|tembusan|an|à|para|a|aan|till|til|do|кому|"
    r"vastaanottaja|komu|kime|收件人|宛先)\s*[*_]*\s*[:：]",
    re.IGNORECASE,
)
HEADER_SUBJECT = re.compile(
    r"[\s*_]*(?:subject|subjek|perihal|judul|betreff|objet|asunto|assunto|oggetto|"
    r"onderwerp|ämne|emne|temat|тема|aihe|předmět|konu|主题|件名)\s*[*_]*\s*[:：]",
    re.IGNORECASE,
)
HEADERS = (HEADER_FROM, HEADER_SENT, HEADER_DATE, HEADER_TO, HEADER_SUBJECT)
TIME_OF_DAY = re.compile(r"\d[^:]{0,80}[\s,T(]\d{1,2}[.:]\d{2}(?![.:]?\d{3})\b")
"""Behind a date."""
BOLD = re.compile(r"\s*[*_]+[\w ]{2,20}[*_]*\s*[:：]")
RULE_LINE = re.compile(r"\s*[-_=*]{5,}\s*")

SIGNATURE_DASHES = re.compile(r"--\s?|[\u2014\u2015]|__")
_DEVICES = (
    r"iphone|ipad|ipod|android|yahoo|samsung|galaxy|outlook|gmail|blackberry|huawei|"
    r"xiaomi|redmi|oppo|vivo|realme|nokia|windows|proton|thunderbird|spark|mailbird|"
    r"ponsel|hp|handphone|smartphone|perangkat|seluler|tablet|mobile|phone|device|"
    r"mail|email|surel|telkomsel|indosat|webmail|telepon|telefon|gawai|laptop|"
    r"infinix|tecno|poco|pixel|mac|macbook|aquamail|bluemail|zimbra|kindle|lumia"
)
_VIA = (
    r"dari|dengan|melalui|menggunakan|via|lewat|daripada|from|with|using|on|de|depuis|"
    r"desde|mit|von|da|dal|van|met|från|fra|med|z|с|do"
)
DEVICE_LINK = re.compile(r"[<(]?https?://[^\s<>()]{1,300}[>)]?|[\[\]]")
"""Left out of a line before it is compared with the next two."""
DEVICE_LINE = re.compile(
    rf"[\s*_>]*(?:(?:di|ter)?kirim|diketik|dihantar|sent|typed|written|envoyé|enviado|"
    rf"gesendet|inviato|verzonden|verstuurd|skickat|sendt|wysłane|"
    rf"отправлено)\s+(?:{_VIA})\b[^,;:!?]{{0,40}}\b(?:{_DEVICES})\b[^,;:!?]{{0,60}}"
    r"(?:[,;.(]\s*(?:mohon |harap )?(?:maaf|maklum|please excuse|excuse|sorry|forgive)"
    r"[^:!?]{0,100})?"
    r"|[\s*_]*(?:get|dapatkan|download|unduh)\s+(?:outlook|yahoo|gmail|proton|spark)\b"
    r".{0,80}"
    r"|[\s*_]*von meinem .{2,40} gesendet"
    r"|[\s*_>]*sent (?:from|via) my \w+(?: \w+){0,3}\.?"
    r"|[\s*_>]*(?i:sent) (?:from|via|using|with) (?-i:[A-Z])[\w-]{2,20}"
    r"(?: (?:for|on) (?-i:[A-Z])\w{1,15})?\.?"
    # BlackBerry's second line, and what virus scanners sign with.
    r"|[\s*_]*powered by\b.{2,60}"
    r"|[\s*_]*(?:virus-free|bebas virus)\b.{0,60}"
    r"|[\s*_]*(?:this e-?mail has been checked for viruses|email ini telah diperiksa "
    r"(?:dari|untuk|terhadap) virus)\b.{0,80}"
    r"|[\s*_]*www\.avast\.com.{0,40}",
    re.IGNORECASE,
)
"""A line that a telephone or a mail program signs with."""

DISCLAIMER = re.compile(
    r"(?=.{0,1500}\b(?:e-?mail|surel|surat elektronik|message|pesan)\b)"
    r"(?=.{0,1500}\b(?:confidential|privileged|rahasia|konfidensial)\b)"
    r"(?=.{0,1500}(?:intended (?:solely |only )?(?:for|recipient)|intended recipient|"
    r"addressee|penerima (?:yang )?(?:dituju|dimaksud|sah)|"
    r"ditujukan (?:hanya|semata|khusus)|hanya ditujukan|bukan penerima))"
    r"\W{0,10}(?:disclaimer|confidential\w*|notice|caution|perhatian|peringatan|"
    r"pernyataan|penafian|catatan|the |this |e-?mail |informasi |information |isi |"
    r"pesan |surel |surat )",
    re.IGNORECASE | re.DOTALL,
)
"""The paragraph that an office's mail server puts below every mail."""
