"""A real IMAP server (Dovecot) of this process alone, with a mailbox for each test."""

import datetime as dt
import grp
import imaplib
import ipaddress
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.services.guard import Guard, Guarded
from tests.services.ports import free_ports
from tests.services.server import NotStarted
from tests.services.waiting import wait_until

PROGRAM = Path("/usr/sbin/dovecot")
PASSWORD = "kata-sandi-uji"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {internal_group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_uid = {owner}
mail_gid = {group}
mail_fsync = never
mail_max_userip_connections = 100
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  user = {auth}
}}
"""

# The master's children end with it.
LAST_WORDS = 'kill -s KILL -- "-$(cat "$1/pid")"'


class DovecotMissing(Exception):
    """The server program is not installed."""

    def __init__(self) -> None:
        super().__init__(
            f"Dovecot ({PROGRAM}) not found; type `make services` or "
            "`sudo apt-get install dovecot-imapd`"
        )


@dataclass(frozen=True)
class Box:
    """One mailbox of its own."""

    server: "Dovecot"
    user: str

    def connect(self) -> imaplib.IMAP4:
        """Log in as its owner."""
        client = imaplib.IMAP4("127.0.0.1", self.server.port, timeout=20)
        client.login(self.user, PASSWORD)
        return client

    def put(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Put mails into a folder, as if they had come."""
        with self.connect() as client:
            if folder != "INBOX":
                client.create(folder)
            for mail in mails:
                client.append(folder, "", "", mail)

    def remove(self, *uids: int) -> None:
        """Remove mails for good."""
        with self.connect() as client:
            client.select("INBOX")
            client.uid("store", ",".join(map(str, uids)), "+FLAGS", "(\\Deleted)")
            client.expunge()

    def renumber(self, folder: str) -> None:
        """Give a folder another UIDVALIDITY and UIDs, as a restored backup does."""
        with self.connect() as client:
            client.create("Baru")
            client.select(folder)
            client.copy("1:*", "Baru")
            client.close()
            client.delete(folder)
            client.rename("Baru", folder)

    def unseen(self) -> int:
        """Count the mails that are not marked as seen."""
        with self.connect() as client:
            client.select("INBOX", readonly=True)
            _, found = client.uid("search", "UNSEEN")
            return len(found[0].split())


class Dovecot(Guarded):
    """A server that is started on construction; it may be killed and started again.

    Every name is a user. Raises DovecotMissing, NotStarted.
    """

    def __init__(self) -> None:
        if not PROGRAM.exists():
            raise DovecotMissing
        self.folder = Path(tempfile.mkdtemp(prefix="simpul-dovecot-"))
        self.port, self.tls_port = free_ports(2)
        self._guard = Guard(self.folder, LAST_WORDS)
        self._server: subprocess.Popen[bytes] | None = None
        try:
            write_certificate(self.folder)
            self._write_config()
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def certificate(self) -> Path:
        """What a client must trust; it is for `localhost` and 127.0.0.1."""
        return self.folder / "certificate.pem"

    def box(self) -> Box:
        """Make a mailbox that nobody else has."""
        return Box(self, f"lapor-{uuid.uuid4().hex[:8]}")

    def start(self) -> None:
        """Serve, with the ports and the mails of before."""
        with (self.folder / "stderr").open("ab") as said:
            self._server = subprocess.Popen(
                [PROGRAM, "-F", "-c", str(self.folder / "dovecot.conf")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                cwd=self.folder,
                start_new_session=True,
            )
        (self.folder / "pid").write_text(str(self._server.pid))
        if not wait_until(self._answers, START_SECONDS_MAX, give_up=self._is_gone):
            log = self.folder / "log"
            said_last = (self.folder / "stderr").read_text(errors="replace")
            raise NotStarted(said_last + (log.read_text() if log.exists() else ""))

    def kill(self) -> None:
        """End the server and its children at once; the mails stay."""
        if self._server is not None and self._server.poll() is None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait(STOP_SECONDS_MAX)

    def _write_config(self) -> None:
        is_root = os.getuid() == 0
        me = pwd.getpwuid(os.getuid())
        owner = pwd.getpwnam("nobody") if is_root else me
        group = grp.getgrgid(owner.pw_gid).gr_name
        mail = self.folder / "mail"
        mail.mkdir()
        self.folder.chmod(0o755)
        if is_root:
            shutil.chown(mail, owner.pw_name, group)
        text = CONFIG.format(
            folder=self.folder,
            port=self.port,
            tls_port=self.tls_port,
            password=PASSWORD,
            owner=owner.pw_name,
            group=group,
            internal="dovecot" if is_root else me.pw_name,
            internal_group="dovecot" if is_root else group,
            login="dovenull" if is_root else me.pw_name,
            auth="$default_internal_user" if is_root else me.pw_name,
        )
        (self.folder / "dovecot.conf").write_text(text)

    def _is_gone(self) -> bool:
        return self._server is None or self._server.poll() is not None

    def _answers(self) -> bool:
        try:
            Box(self, "siapa-saja").connect().logout()
        except (OSError, imaplib.IMAP4.error):
            return False
        return True


def write_certificate(folder: Path) -> None:
    """Write `certificate.pem` and `key.pem` for this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), loopback])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


if __name__ == "__main__":
    if not PROGRAM.exists():
        sys.exit(1)
    sys.stdout.write(f"private server, {PROGRAM}\n")
