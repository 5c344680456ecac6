"""The mail that people have had from one Keytalk, whichever way it went: in its Maildir, or at the mail server."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

from icalendar import Calendar

from tests.servers.keytalk import Keytalk
from tests.servers.smtp import MailServer


class Letterbox:
    """Mails by whom they went to, the oldest first. `server` is None where they lie in the Maildir."""

    def __init__(self, keytalk: Keytalk, server: MailServer | None) -> None:
        self._maildir = keytalk.home / "mail"
        self._server = server

    def all(self) -> list[EmailMessage]:
        """Give every mail."""
        if self._server:
            return self._server.messages
        found = sorted(self._maildir.glob("new/*"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]

    def to(self, who: str, subject: str = "") -> list[EmailMessage]:
        """Give the mails to one address, or to whom it begins with, that have some words in their subject."""
        return [
            mail for mail in self.all() if str(mail["To"]).strip("<").startswith(who) and subject in mail["Subject"]
        ]


def words(mail: EmailMessage) -> str:
    """Give the text of a mail as it is read."""
    part = mail.get_body(preferencelist=("plain",))
    assert part is not None
    return str(part.get_content())


def calendar_files(mail: EmailMessage) -> dict[str, str]:
    """Give the calendar files that a mail has as attachments, by their METHOD."""
    files = (part for part in mail.walk() if part.get_content_type() == "text/calendar" and part.get_filename())
    return {str(part.get_param("method")): part.get_content() for part in files}


def events(calendar: str) -> dict[str, tuple[str, str]]:
    """Give the local start and end of each event of a calendar file, by the session's id."""
    return {
        str(event["UID"]).removesuffix("@keytalk"): tuple(
            f"{event.decoded(name):%Y-%m-%dT%H:%M}" for name in ("DTSTART", "DTEND")
        )
        for event in _events(calendar)
    }


def _events(calendar: str) -> Iterator[Calendar]:
    yield from Calendar.from_ical(calendar).walk("VEVENT")
