"""A real IMAP server (Dovecot) of our own, with one mailbox."""

import grp
import imaplib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.services.guard import Guard
from tests.services.ports import free_ports
from tests.services.server import NotStarted
from tests.services.waiting import wait_until

PROGRAM = Path("/usr/sbin/dovecot")
MISSING = "Dovecot is missing; type: apt-get install dovecot-imapd"
USER, PASSWORD = "lapor", "kata-sandi-uji"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {internal_group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_uid = {owner}
mail_gid = {group}
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = {folder}/users
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
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service auth {{
  user = {auth}
}}
"""

# The master's children end with it.
LAST_WORDS = 'kill -s KILL -- "-$(cat "$1/pid")"'


class Dovecot:
    """A server that is started on construction; it may be killed and started again.

    Raises NotStarted.
    """

    def __init__(self) -> None:
        if not PROGRAM.exists():
            raise NotStarted(MISSING)
        self.folder = Path(tempfile.mkdtemp(prefix="simpul-dovecot-"))
        (self.port,) = free_ports(1)
        self._guard = Guard(self.folder, LAST_WORDS)
        self._server: subprocess.Popen[bytes] | None = None
        try:
            self._write_config()
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self) -> None:
        """Serve, with the port and the mails of before."""
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
            os.killpg(self._server.pid, 9)
            self._server.wait(STOP_SECONDS_MAX)

    def stop(self) -> None:
        """Leave nothing behind; a second call does nothing."""
        self.kill()
        self._guard.dismiss()
        self._guard.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def connect(self) -> imaplib.IMAP4:
        """Log in as the mailbox's owner."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        client.login(USER, PASSWORD)
        return client

    def put(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Put mails into a folder, as if they had come."""
        with self.connect() as client:
            if folder != "INBOX":
                client.create(folder)
            for mail in mails:
                client.append(folder, "", "", mail)

    def renew(self, folder: str) -> None:
        """Give a folder another UIDVALIDITY and UIDs, as a restored backup does."""
        with self.connect() as client:
            client.create("Baru")
            client.select(folder)
            client.copy("1:*", "Baru")
            client.close()
            client.delete(folder)
            client.rename("Baru", folder)

    def _write_config(self) -> None:
        is_root = os.getuid() == 0
        me = pwd.getpwuid(os.getuid())
        owner = pwd.getpwnam("nobody") if is_root else me
        group = grp.getgrgid(owner.pw_gid).gr_name
        (self.folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        (self.folder / "users").chmod(0o644)
        mail = self.folder / "mail"
        mail.mkdir()
        self.folder.chmod(0o755)
        if is_root:
            shutil.chown(mail, owner.pw_name, group)
        text = CONFIG.format(
            folder=self.folder,
            port=self.port,
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
            self.connect().logout()
        except (OSError, imaplib.IMAP4.error):
            return False
        return True
