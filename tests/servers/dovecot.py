"""A private Dovecot: a real IMAP server from Debian's package, as an ordinary process with a folder of its own."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import secrets
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from imapclient import IMAPClient

from tests.servers.processes import Child, Server, ServerDidNotStart, free_port, make_folder, remove_folder

PROGRAM = Path("/usr/sbin/dovecot")
_IMAP = Path("/usr/lib/dovecot/imap")
_USER = "answers@mail.example.org"

_SETTINGS = """\
protocols = imap
listen = 127.0.0.1
instance_name = {name}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
auth_verbose = yes
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = {uid}
first_valid_gid = 0
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth {{
  user = {user}
}}
service auth-worker {{
  user = {user}
}}
"""
"""Where nothing is run as root, no process can change its user or its root folder: all of them are one user's."""


@dataclass(frozen=True)
class Kept:
    """A mail in a folder: as it came, how it is marked, and when it arrived."""

    raw: bytes
    flags: frozenset[bytes]
    arrived_at: datetime


class Dovecot(Server):
    """A Dovecot of our own with one mailbox. It lives as long as the object; its mail stays over a restart."""

    def __init__(self) -> None:
        self.folder = make_folder("dovecot")
        self.port, self.tls_port = free_port(), free_port()
        self.password = secrets.token_hex(8)
        self._server: Child | None = None
        self._user = _account()
        self._write_settings()

    @property
    def url(self) -> str:
        """The address of the mailbox without encryption, as KEYTALK_IMAP_URL takes it."""
        return self._url("imap", self.port)

    @property
    def tls_url(self) -> str:
        """The address of the mailbox over TLS, whose certificate is `certificate`, made out to 127.0.0.1."""
        return self._url("imaps", self.tls_port)

    @property
    def certificate(self) -> Path:
        """The server's certificate, which nobody but a test trusts."""
        return self.folder / "certificate.pem"

    def start(self) -> None:
        """Start the server on its ports, with the mail it had, and return when somebody can log in."""
        self._server = Child(
            [PROGRAM, "-F", "-c", self.folder / "dovecot.conf"],
            log=self.folder / "output.log",
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
            cwd=self.folder,
            user=self._user.pw_uid if os.geteuid() == 0 else None,
            group=self._user.pw_gid if os.geteuid() == 0 else None,
        )
        try:
            self._server.wait_until(self._answers, what="Dovecot", within=30)
        except ServerDidNotStart as error:
            raise ServerDidNotStart(f"{error}\n{self.log}") from None

    def stop(self) -> None:
        """End the server; its mail stays."""
        if self._server:
            self._server.end(signal.SIGTERM)
            self._server = None

    def close(self) -> None:
        """End the server and remove its mail."""
        self.stop()
        remove_folder(self.folder)

    @property
    def log(self) -> str:
        """What the server has written into its log."""
        log = self.folder / "dovecot.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def deliver(self, *mails: bytes, folder: str = "INBOX", at: datetime | None = None) -> None:
        """Put mails into a folder, as a mail server would; `at` is when they arrived, if not now."""
        with self.opened() as client:
            for mail in mails:
                client.append(folder, mail, msg_time=at)

    def mails(self, folder: str = "INBOX") -> list[Kept]:
        """Give the mails of a folder, oldest first."""
        with self.opened() as client:
            client.normalise_times = False
            client.select_folder(folder, readonly=True)
            said = client.fetch(client.search("ALL"), ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
        kept = (each for _uid, each in sorted(said.items()))
        return [
            Kept(each[b"BODY[]"], frozenset(each[b"FLAGS"]) - {b"\\Recent"}, each[b"INTERNALDATE"]) for each in kept
        ]

    def new_folder(self, name: str) -> str:
        """Make a folder, in place of one of this name; give the address by which Keytalk reads it.

        The server counts its UIDVALIDITY by seconds, so a folder made again waits for the next one.
        """
        with self.opened() as client:
            if client.folder_exists(name):
                client.delete_folder(name)
                time.sleep(1.1)
            client.create_folder(name)
        return f"{self.url}/{quote(name)}"

    @contextmanager
    def opened(self) -> Iterator[IMAPClient]:
        """Give a client that is logged in."""
        with IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20) as client:
            client.login(_USER, self.password)
            yield client

    def _url(self, scheme: str, port: int) -> str:
        return f"{scheme}://{quote(_USER, safe='')}:{self.password}@127.0.0.1:{port}"

    def _answers(self) -> bool:
        try:
            with self.opened():
                return True
        except (OSError, imaplib.IMAP4.error, ssl.SSLError):
            return False

    def _write_settings(self) -> None:
        words = {
            "name": self.folder.name,
            "folder": self.folder,
            "user": self._user.pw_name,
            "group": grp.getgrgid(self._user.pw_gid).gr_name,
            "uid": self._user.pw_uid,
            "port": self.port,
            "tls_port": self.tls_port,
        }
        (self.folder / "dovecot.conf").write_text(_SETTINGS.format(**words))
        (self.folder / "users").write_text(f"{_USER}:{self.password}\n")
        for name in ("run", "state", "mail", "home"):
            (self.folder / name).mkdir()
        _make_certificate(self.folder)
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)


def is_installed() -> bool:
    """Say whether there is a Dovecot to start."""
    return PROGRAM.exists() and _IMAP.exists()


def _account() -> pwd.struct_passwd:
    """Give who the server runs as: ourselves, or, since it gives no mail to root, an account that may do nothing."""
    return pwd.getpwuid(os.geteuid()) if os.geteuid() != 0 else pwd.getpwnam("nobody")


def _make_certificate(folder: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mailbox -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
