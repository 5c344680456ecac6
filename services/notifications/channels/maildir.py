"""Mail into a local Maildir: nothing leaves the machine, and the same Message-ID is delivered once.

The layout is D. J. Bernstein's: written in `tmp/`, linked into `new/`, moved by a reader into `cur/` with
`:2,FLAGS` after its name. The name comes from the Message-ID, so the folder itself is the record of delivery.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from hashlib import sha256
from pathlib import Path
from typing import Any, TypedDict

from services.notifications.channels.base import Mail, TemporaryFailure
from services.notifications.channels.mime import PLAIN, Letterhead, to_bytes


class MailListed(TypedDict):
    """One mail in a listing; `date` is ISO with its offset, `path` is where the file lies."""

    to: str
    subject: str
    date: str
    message_id: str
    path: str


class MailNotFound(KeyError):
    """No mail in this Maildir has that Message-ID."""


class MaildirChannel:
    """A Maildir as a channel, readable by its owner only. Makes its folders when they are missing."""

    def __init__(self, root: Path, letterhead: Letterhead = PLAIN) -> None:
        self.root = root
        self.letterhead = letterhead
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in ("tmp", "new", "cur"):
            (root / part).mkdir(mode=0o700, exist_ok=True)

    def deliver(self, mail: Mail) -> None:
        """Put the mail into `new/` durably, unless it is here already, which is as good.

        Raises TemporaryFailure when the disk will not take it, PermanentFailure when it is no proper mail.
        """
        name, content = _name(mail.message_id), to_bytes(mail, self.letterhead)
        try:
            if not self._find(name):
                self._put(name, content)
            # Also when it lay here: the crash we recover from may have come before the folder was on disk.
            _sync_folder(self.root / "new")
        except OSError as error:
            raise TemporaryFailure(f"the Maildir could not be written: {error.strerror}") from error

    def settle(self, message_id: str) -> bool | None:
        """Look for the mail in `new/` and `cur/`; a folder always knows."""
        return self._find(_name(message_id)) is not None

    def list_mail(self, limit: int = 200) -> list[MailListed]:
        """List the mails, the one that came last first."""
        newest_first = sorted(self._delivered(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        return [_listed(path) for path in newest_first[:limit]]

    def read(self, message_id: str) -> dict[str, Any]:
        """Give one mail: `{"headers": {..}, "text", "attachments": [{"filename", "content_type", "text", "content"}]}`.

        `content` is in base64. Raises MailNotFound.
        """
        path = self._find(_name(message_id))
        if path is None:
            raise MailNotFound(message_id)
        message = _parse(path)
        body = message.get_body(("plain",))
        return {
            "headers": {name: str(value) for name, value in message.items()},
            "text": body.get_content() if body else "",
            "attachments": [_opened(part) for part in message.iter_attachments()],
        }

    def remove(self, message_id: str) -> bool:
        """Remove a mail for good, and what a broken-off delivery of it left behind; say whether it was here."""
        name = _name(message_id)
        found = [path for part in ("new", "cur", "tmp") for path in (self.root / part).glob(f"{name}*")]
        self._unlink(found)
        return any(path.parent.name != "tmp" for path in found)

    def remove_before(self, moment: datetime) -> int:
        """Remove the mails that came before a moment; give how many those were."""
        old = [path for path in self._delivered() if path.stat().st_mtime < moment.timestamp()]
        self._unlink(old)
        return len(old)

    def _unlink(self, paths: list[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)  # a reader may have moved or removed it
        for folder in {path.parent for path in paths}:
            _sync_folder(folder)

    def _find(self, name: str) -> Path | None:
        # `new` before `cur`: a reader moves mail that way, so a mail cannot slip past between the two looks.
        waiting = self.root / "new" / name
        if waiting.exists():
            return waiting
        return next((self.root / "cur").glob(f"{name}*"), None)

    def _delivered(self) -> Iterator[Path]:
        for part in ("new", "cur"):
            yield from (path for path in (self.root / part).iterdir() if not path.name.startswith("."))

    def _put(self, name: str, content: bytes) -> None:
        draft = self._draft(name, content)
        try:
            os.link(draft, self.root / "new" / name)
        except FileExistsError:
            pass  # another process was faster; it is the same mail
        finally:
            draft.unlink(missing_ok=True)
        for left_behind in (self.root / "tmp").glob(f"{name}.*"):
            left_behind.unlink(missing_ok=True)

    def _draft(self, name: str, content: bytes) -> Path:
        handle, path = tempfile.mkstemp(prefix=f"{name}.", dir=self.root / "tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return Path(path)


def _name(message_id: str) -> str:
    return sha256(message_id.encode()).hexdigest()[:40]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _parse(path: Path, *, headers_only: bool = False) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(EmailMessage, policy=default).parse(file, headersonly=headers_only)


def _listed(path: Path) -> MailListed:
    message = _parse(path, headers_only=True)
    date = message["Date"]
    return {
        "to": str(message["To"] or ""),
        "subject": str(message["Subject"] or ""),
        "date": date.datetime.isoformat() if date is not None and date.datetime else "",
        "message_id": str(message["Message-ID"] or "").strip(),
        "path": str(path),
    }


def _opened(part: EmailMessage) -> dict[str, str]:
    content = part.get_content()
    is_text = isinstance(content, str)
    return {
        "filename": part.get_filename() or "",
        "content_type": part.get_content_type(),
        "text": content if is_text else "",
        "content": base64.b64encode(content.encode() if is_text else content).decode(),
    }
