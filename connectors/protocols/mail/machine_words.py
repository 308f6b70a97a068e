"""Words of machines: subjects and sentences of answering programs and mail servers.

People write about undelivered parcels and absent officers too, so a subject counts
only in the form that programs give it, and a failure only with what a server adds.
"""
# ruff: noqa: RUF001 - letters of other alphabets are meant

import re

AUTO_SUBJECTS = (
    "automatic reply",
    "automated reply",
    "automatic response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "autoresponse",
    "autoresponder",
    "out of office",
    "out of the office",
    "out-of-office",
    "vacation reply",
    "on leave",
    "balasan otomatis",
    "jawaban otomatis",
    "respon otomatis",
    "respons otomatis",
    "pesan otomatis",
    "tanggapan otomatis",
    "balas otomatis",
    "email otomatis",
    "surel otomatis",
    "di luar kantor",
    "diluar kantor",
    "tidak di kantor",
    "tidak berada di kantor",
    "sedang cuti",
    "balasan automatik",
    "automatische antwort",
    "abwesenheitsnotiz",
    "abwesend",
    "réponse automatique",
    "absence du bureau",
    "respuesta automática",
    "fuera de la oficina",
    "resposta automática",
    "fora do escritório",
    "risposta automatica",
    "fuori sede",
    "automatisch antwoord",
    "afwezig",
    "autosvar",
    "automatiskt svar",
    "automatisk svar",
    "automaattinen vastaus",
    "odpowiedź automatyczna",
    "автоответ",
    "автоматический ответ",
    "otomatik yanıt",
    "自动回复",
    "自動回覆",
    "自動返信",
    "不在通知",
    "자동 회신",
    "trả lời tự động",
)
"""How subjects of machines begin. Alone, each counts only where the subject ends
there, or a colon or the older subject follows."""

_ANY_SUBJECT = "|".join(re.escape(each) for each in AUTO_SUBJECTS)
AUTO_SUBJECT = re.compile(
    rf"\s*(?:[\[(](?:{_ANY_SUBJECT})[\])]"
    rf"|(?:{_ANY_SUBJECT})\s*(?:[:：]|- |$|(?:re|fwd?|bls|balas)\s*:)"
    rf"|(?:re|bls|balas)\s*:\s*(?:{_ANY_SUBJECT})\s*$)",
    re.IGNORECASE,
)
AUTO_BEGINNING = re.compile(
    rf"(?:(?:re|bls|balas)\s*:\s*)?[\[(]?(?:{_ANY_SUBJECT}|auto)\b", re.IGNORECASE
)
"""Counts only beside a header that asks for no answers."""
HANDED_ON = re.compile(
    r"\s*(?:re|aw|sv|antw|bls|balas|fwd?|fw|wg|tr|trs|terusan|diteruskan)\s*:",
    re.IGNORECASE,
)
"""A person answers or forwards what a machine wrote."""

FAILURE = re.compile(
    r"\b5\d\d[ -](?:5\.\d\.\d|requested action not taken)|\buser unknown\b|"
    r"\bno such (?:user|recipient|mailbox)|"
    r"\bmailbox [^.\n]{0,60}?\b(?:full|unavailable|exceed\w*)|"
    r"could not be delivered|was not delivered|cannot be delivered|"
    r"\bnot been delivered|"
    r"delivery (?:to the following|has failed|failed)|undeliver(?:able|ed)|"
    r"did ?n[o']t reach (?:the|some)|unable to deliver|"
    r"\"notificationType\"\s*:\s*\"(?:Bounce|Complaint|Delivery)\"|"
    r"^(?:final-recipient|diagnostic-code|reporting-mta):|"
    r"(?:tidak|gagal|belum) (?:dapat |bisa |berhasil )?(?:di|ter)?"
    r"(?:kirim|sampaikan|antar)|"
    r"pengiriman [^\n]{0,120}\bgagal|"
    r"alamat (?:e-?mail |surel )?(?:tersebut )?tidak (?:di)?(?:temukan|valid|dikenal)|"
    r"kotak (?:surat|masuk) [^\n]{0,40}penuh",
    re.IGNORECASE | re.MULTILINE,
)
"""That a mail did not arrive, in the words of a server; from nobody it is enough."""
SERVER_EVIDENCE = re.compile(
    r"\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}|#[45]\.\d{1,3}\.\d{1,3}|"
    r"\b5[05]\d\b[^\n]{0,40}\b(?:user|unknown|mailbox|recipient|relay|pengguna)|"
    r"^(?:final-recipient|diagnostic-code|reporting-mta|remote-mta)\s*:|"
    r"\"notificationType\"\s*:\s*\"(?:Bounce|Complaint|Delivery)\"|"
    r"\brcpt to:|resolver\.adr|"
    r"following (?:address|recipient)|recipient'?s mailbox|"
    r"not listed in (?:domino|public)|message-delivery|"
    r"penerima berikut|destinataires suivants|destinatarios? siguientes?|"
    r"folgende[nr]? empfänger",
    re.IGNORECASE | re.MULTILINE,
)
"""What only a server prints. A person may quote it, but not below such a subject."""
OF_MAIL = re.compile(
    r"\b(?:e-?mails?|surel|messages?|mail|pesan|nachricht|mensaje|mensagem|messaggio|"
    r"bericht)\b",
    re.IGNORECASE,
)
"""A mail, not a parcel."""
_FAILURE_SUBJECTS = (
    r"delivery (?:status notification|status|failure|report|has failed|problem)",
    r"undelivered mail returned to sender",
    r"undelivera?ble",
    r"(?:e-?mail|message|mail)s? delivery (?:failed|failure|problem|error)",
    r"(?:e-?mail|message|mail)s? (?:undeliverable|status|system error)",
    r"(?:permanent|temporary) delivery failure",
    r"returned mail",
    r"failure notice",
    r"failed (?:mail|delivery)",
    r"(?:warning|notice): (?:message|mail delivery)",
    r"non[- ]?delivery",
    r"delayed mail",
    r"message you sent (?:was |has been )?(?:blocked|rejected)",
    r"(?:pengiriman|surat|surel|e-?mail|pesan) (?:gagal|tidak (?:ter|dapat |bisa ))",
    r"(?:kegagalan|gagal|status|laporan) (?:peng|me|ter)?[ik]?irim",
    r"(?:notifikasi|pemberitahuan) (?:status|kegagalan)",
    r"tidak (?:ter|dapat |bisa )(?:di)?(?:kirim|sampaikan)",
    r"tidak tersampaikan",
    r"unzustellbar",
    r"non remis",
    r"échec de (?:la )?remise",
    r"no se puede entregar",
    r"no entregado",
    r"não é possível entregar",
    r"não entregue",
    r"non recapitabile",
    r"mancato recapito",
    r"onbestelbaar",
    r"kan inte leverera",
    r"ulevererbar",
    r"nie można dostarczyć",
    r"недоставлен",
    r"не удается доставить",
    r"配信不能",
    r"系统退信",
    r"无法送达",
    r"未送達",
)
FAILURE_SUBJECT = re.compile(rf"\W*(?:{'|'.join(_FAILURE_SUBJECTS)})", re.IGNORECASE)
FEEDBACK_SUBJECT = re.compile(
    r"\s*(?:complaint about message from|abuse report|e-?mail feedback report)\b",
    re.IGNORECASE,
)
FEEDBACK = re.compile(
    r"^(?:feedback-type|source-ip|original-mail-from|received-date)\s*:|"
    r"abuse report for an? e-?mail|marked (?:it |this |your )?.{0,40}as spam|"
    r"report(?:ed|ing) (?:it |this |your )?.{0,40}(?:as|for) (?:spam|abuse)",
    re.IGNORECASE | re.MULTILINE,
)
"""What a provider says below such a subject."""
