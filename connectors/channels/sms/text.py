"""The SMS that tells a reporter what is new."""

from connectors.channels.sms.config import SmsConfig
from connectors.contract import Delivery
from connectors.protocols.plaintext import cut_at_word, one_line
from connectors.protocols.sms.gsm import friendly, segments

NO_NOTICE = {
    "id": "Ada perkembangan baru pada laporan Anda.",
    "en": "There is news of your report.",
}
REPORT = {"id": "Laporan", "en": "Report"}
_PLACE = {"id": 0, "en": 1}
MORE = "..."


def write_text(config: SmsConfig, delivery: Delivery) -> str:
    """Join the notices of a delivery; the oldest go when it is too long.

    In the reporter's language only: every message of the air costs.
    """
    code = delivery.code
    language = delivery.contact.language if delivery.contact else "id"
    place, report = _PLACE[language], REPORT[language]
    notices = [one_line(friendly(event.notice[place])) for event in delivery.events]
    notices = list(dict.fromkeys(notice for notice in notices if notice))
    link = config.link.replace("{code}", code) if code else ""
    tail = f" {link}" if link else ""
    while len(notices) > 1:
        text = _with_code(" ".join(notices), code, report)
        if segments(text + tail) <= config.segments_max:
            return text + tail
        notices = notices[1:]
    text = _with_code(notices[0] if notices else NO_NOTICE[language], code, report)
    return _shortened(text, tail, config.segments_max)


def _with_code(text: str, code: str, report: str) -> str:
    return text if not code or code in text else f"{report} {code}: {text}"


def _shortened(text: str, tail: str, segments_max: int) -> str:
    if segments(text + tail) <= segments_max:
        return text + tail
    short, long = 0, len(text)
    while long - short > 1:
        middle = (short + long) // 2
        fits = segments(text[:middle] + MORE + tail) <= segments_max
        short, long = (middle, long) if fits else (short, middle)
    return cut_at_word(text, short) + MORE + tail
