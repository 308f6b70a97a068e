"""An officer's answer to a mail of ours, to be looked at or sent by hand."""

import shlex
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from uuid import uuid4

from connectors.contract import System
from connectors.errors import ConnectorError
from connectors.kit.mail_programs import OFFICER
from connectors.kit.receiver import Record, read_all
from connectors.kit.sample import SAMPLE, hand_over
from connectors.protocols.http.tap import listening
from schemas.agency import AgencyManifest
from schemas.raw import RawMessage

TEXT = "Pembaruan uji dari bangku uji Simpul."


def sample_answer(manifest: AgencyManifest, system: System, word: str) -> bytes:
    """Write an answer to the mail of the sample complaint; sends nothing."""
    with listening(dry=True) as heard, suppress(ConnectorError):
        system.submit(hand_over(manifest, SAMPLE))
    ours = heard.exchanges[-1].headers
    mail = EmailMessage()
    mail["From"] = OFFICER
    mail["To"] = ours["Reply-To"]
    mail["Subject"] = f"Re: {ours['Subject']}"
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{uuid4().hex}@instansi.example>"
    mail["In-Reply-To"] = ours["Message-ID"]
    mail.set_content(f"{word}\n{TEXT}\n")
    return mail.as_bytes()


def read_sample(system: System, mail: bytes) -> list[Record]:
    """Read an answer as the hub does once its address led it to the agency."""
    return read_all(
        system, RawMessage(source="bench", lane="bench", source_key="1", body=mail)
    )


def curl_of(mail: bytes, door: str) -> str:
    """Write the line for a shell by which a mail that lies in a file comes to us."""
    found = message_from_bytes(mail, policy=default)
    words = ["curl", door, "--mail-from", "petugas@instansi.example"]
    return shlex.join(
        [*words, "--mail-rcpt", str(found["To"]), "--upload-file", "answer.eml"]
    )
