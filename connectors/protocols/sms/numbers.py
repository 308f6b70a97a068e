"""Telephone numbers in one spelling."""

import re

import phonenumbers

REGION = "ID"
_PHONE = re.compile(r"(?:tel:)?\s*\+?[\d\s().\-/]{6,30}")
_MOBILE = re.compile(r"\+628\d{8,10}", re.ASCII)
"""A mobile number that is spelled as we spell it."""
_DIGITS_MIN = 9
"""Shorter ones are short codes and service numbers: nobody is there to answer."""


def e164(written: str) -> str:
    """Give a number of a person as +62...; empty for short codes and names."""
    written = written.strip()
    if _MOBILE.fullmatch(written):
        return written
    if not _PHONE.fullmatch(written):
        return ""
    bare = written.removeprefix("tel:").strip()
    # No national number is written so: the plus was lost on the way.
    if bare.startswith("62"):
        bare = f"+{bare}"
    try:
        number = phonenumbers.parse(bare, REGION)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    form = phonenumbers.PhoneNumberFormat.E164
    spelled = str(phonenumbers.format_number(number, form))
    return spelled if len(spelled) > _DIGITS_MIN else ""
