"""The mailbox in which answers arrive, read over IMAP.

It is opened for reading only (EXAMINE), so nothing in it is moved, deleted or marked, not even as seen: people may read
the same mailbox, and what they have not seen yet is theirs to tell. What was read is known by our own database.
"""

from __future__ import annotations

import imaplib
import ipaddress
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.parser import BytesHeaderParser
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, ProtocolError

from services.notifications.domain.answers import mark_of

Tls = Literal["implicit", "required", "auto", "off"]

MOST_OF_A_MAIL = 256 * 1024
"""Bytes of a mail that are fetched. What people write comes first, and attachments after it."""
BATCH = 50
"""Mails whose headers are asked for at a time."""
_UIDS_AT_A_TIME = 10_000
"""The answer to a search comes on one line, and Python takes a million bytes of it."""
_HEADERS = b"BODY[HEADER.FIELDS (MESSAGE-ID DATE)]"
_ASKED = ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE)]", "INTERNALDATE"]


_IN_WORDS = {
    "LoginError at logging in": "the server refused the user or the password",
    "ConnectionRefusedError at connecting": "nobody listens at its port",
    "TimeoutError at connecting": "the server does not answer",
    "gaierror at connecting": "the name of its host is not known",
    "SSLCertVerificationError at connecting": "the certificate of the server is not trusted",
    "SSLCertVerificationError at logging in": "the certificate of the server is not trusted",
}


class MailboxAway(Exception):
    """The mailbox cannot be read just now. Its words name the step and the kind of fault, and nothing private."""

    @property
    def words(self) -> str:
        """What that is in plain words; any other fault by its kind and the step at which it came."""
        return _IN_WORDS.get(str(self), str(self))


@dataclass(frozen=True)
class MailboxAddress:
    """Where a mailbox is. `tls`: `implicit` from the first byte, else whether STARTTLS is used."""

    host: str
    port: int
    tls: Tls
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"

    @property
    def name(self) -> str:
        """What it is called in our database and in lists: the host, the folder, and a short mark of the user."""
        return f"{self.host[:80]}/{self.folder[:80]} ({sha256(self.user.encode()).hexdigest()[:8]})"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail in the mailbox. `mark` is None where it has no Message-ID: its content then gives it one."""

    uid: int
    mark: str | None
    arrived_at: datetime


def parse_imap_url(url: str) -> MailboxAddress:
    """Read `imaps://user:password@host[:port][/FOLDER]`, or `imap://...[?starttls=required|off]`.

    The ports stand at 993 and 143. Over `imap://`, STARTTLS is required of a host elsewhere, and taken where offered
    from one on this machine. Raises ValueError naming KEYTALK_IMAP_URL, and never quoting it: it holds a password.
    """
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise _bad_url("its host cannot be read") from None
    try:
        port = parts.port
    except ValueError:
        raise _bad_url("its port cannot be read: give a number from 1 to 65535") from None
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname:
        raise _bad_url("expected imaps://user:password@host or imap://user:password@host")
    if not parts.username or not parts.password:
        raise _bad_url("it needs a user and a password")
    if parts.fragment:
        raise _bad_url("write a # in the password or the folder as %23")
    return MailboxAddress(
        host=parts.hostname,
        port=port or (993 if parts.scheme == "imaps" else 143),
        tls=_tls(parts),
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )


class Mailbox:
    """A mailbox over IMAP. Times in seconds; `read_timeout` is for each answer of the server."""

    def __init__(self, address: MailboxAddress, *, connect_timeout: float = 10.0, read_timeout: float = 30.0) -> None:
        self.address = address
        self._timeout = SocketTimeout(connect_timeout, read_timeout)

    @contextmanager
    def open(self) -> Iterator[Folder]:
        """Open the folder for reading. Raises MailboxAway, then and at every step within."""
        with _away("connecting"):
            client = self._connect()
        try:
            with _away("logging in"):
                self._greet(client)
            with _away("opening the folder"):
                said = client.select_folder(self.address.folder, readonly=True)
                folder = Folder(client, int(said[b"UIDVALIDITY"]), int(said.get(b"UIDNEXT", 0)))
            yield folder
        finally:
            _part(client)

    def _connect(self) -> IMAPClient:
        implicit = self.address.tls == "implicit"
        context = _tls_context(verified=True) if implicit else None
        return IMAPClient(
            self.address.host, self.address.port, ssl=implicit, ssl_context=context, timeout=self._timeout
        )

    def _greet(self, client: IMAPClient) -> None:
        tls = self.address.tls
        if tls == "required" or (tls == "auto" and client.has_capability("STARTTLS")):
            client.starttls(_tls_context(verified=tls == "required"))
        client.login(self.address.user, self.address.password)


class Folder:
    """An open folder. `validity`: while it stays the same, each mail keeps its UID and later ones have higher ones."""

    def __init__(self, client: IMAPClient, validity: int, next_uid: int) -> None:
        self._client = client
        self.validity = validity
        self._next_uid = next_uid

    def after(self, uid: int, since: date | None = None) -> Iterator[list[Arrived]]:
        """Give the mails with higher UIDs than `uid`, a batch at a time. Raises MailboxAway.

        With `since`, only those that came on that day or later.
        """
        first = uid + 1
        while first < self._end():
            last = first + _UIDS_AT_A_TIME - 1
            found = self._search(first, last, since)
            for at in range(0, len(found), BATCH):
                yield self._headers(found[at : at + BATCH])
            first = last + 1

    @property
    def last_uid(self) -> int:
        """The highest UID that a mail may have had when the folder was opened."""
        return self._end() - 1

    def fetch(self, uid: int) -> bytes | None:
        """Give the first MOST_OF_A_MAIL bytes of a mail, or None where it is gone. Raises MailboxAway."""
        with _away("fetching a mail"):
            said = self._client.fetch([uid], [f"BODY.PEEK[]<0.{MOST_OF_A_MAIL}>"])
        return next((bytes(value) for name, value in said.get(uid, {}).items() if name.startswith(b"BODY[]")), None)

    def _end(self) -> int:
        """Give the UID that the next mail will have; a server that does not say so is asked for the last one."""
        if not self._next_uid:
            with _away("looking for mail"):
                self._next_uid = max(self._client.search(["UID", "*"]), default=0) + 1
        return self._next_uid

    def _search(self, first: int, last: int, since: date | None) -> list[int]:
        criteria: list[Any] = ["UID", f"{first}:{last}", *(["SINCE", since] if since else [])]
        with _away("looking for mail"):
            # Of a range that begins after the last mail, a server still gives that one.
            return sorted(uid for uid in self._client.search(criteria) if first <= uid <= last)

    def _headers(self, uids: Sequence[int]) -> list[Arrived]:
        with _away("reading headers"):
            self._client.normalise_times = False
            said = self._client.fetch(uids, _ASKED)
        return [_arrived(uid, said[uid]) for uid in uids if uid in said]


def _arrived(uid: int, said: Any) -> Arrived:
    headers = BytesHeaderParser().parsebytes(said.get(_HEADERS) or b"")
    at = said.get(b"INTERNALDATE") or datetime.now(UTC)
    mark = mark_of(str(headers.get("Message-ID", "")), str(headers.get("Date", "")))
    return Arrived(uid, mark, at if at.tzinfo else at.replace(tzinfo=UTC))


def _part(client: IMAPClient) -> None:
    """Take leave; whatever happens here changes nothing."""
    try:
        client.logout()
    except Exception:
        _drop(client)


def _drop(client: IMAPClient) -> None:
    try:
        client.shutdown()
    except Exception:
        return


@contextmanager
def _away(step: str) -> Iterator[None]:
    """Call any fault here the mailbox's; words of the server are left out, since they may repeat the user's name."""
    try:
        yield
    except (
        OSError,
        IMAPClientError,
        imaplib.IMAP4.error,
        ProtocolError,
        ValueError,
        KeyError,
        AttributeError,
    ) as error:
        raise MailboxAway(f"{type(error).__name__} at {step}") from None


def _tls_context(*, verified: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verified:
        # On this machine: nobody stands between, and its certificate is made out to another name.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _tls(parts: SplitResult) -> Tls:
    options = parse_qsl(parts.query, keep_blank_values=True)
    if parts.scheme == "imaps":
        if options:
            raise _bad_url("imaps:// takes no options")
        return "implicit"
    if not options:
        return "auto" if _is_this_machine(parts.hostname or "") else "required"
    (key, value), *others = options
    if key != "starttls" or value not in {"required", "off"} or others:
        raise _bad_url("its one option is starttls=required|off")
    return "required" if value == "required" else "off"


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bad_url(why: str) -> ValueError:
    return ValueError(f"KEYTALK_IMAP_URL: {why}")
