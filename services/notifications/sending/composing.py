"""From a message to the mail that carries it, or to why none goes out now: whom it is for, what they prefer, the words.

Everything is asked for at this moment, and nothing is sent here. For several messages together this service's own
database is asked once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePath
from typing import Any, Literal, NamedTuple, Protocol

from markupsafe import Markup

from services.notifications.channels.base import Attachment, Mail
from services.notifications.channels.calendar import change_calendar, run_calendar
from services.notifications.channels.verp import return_path
from services.notifications.domain.alerts import is_to_the_team
from services.notifications.domain.digests import DIGEST
from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import Message, stable_message_id
from services.notifications.domain.occasions import OPS, enquirer
from services.notifications.domain.preferences import Preferences
from services.notifications.domain.suppressing import address_hashes
from services.notifications.domain.urgency import Urgency
from services.notifications.domain.verdicts import HoldBack, Send, Verdict, judge
from services.notifications.handlers.digests import days_told, taken_along
from services.notifications.handlers.settling import about_of
from services.notifications.queries.preferences import preferences_of_each
from services.notifications.queries.suppressions import suppressed_among
from services.notifications.queries.templates import Live, live_words, live_words_among
from services.notifications.sending.alerting import alert
from services.notifications.sending.beside import or_fault
from services.notifications.sending.rendering import MessageNotRendered, Organisation, Rendered, render
from shared.errors import Refused
from shared.holidays import bank_holidays_in
from shared.persistence.database import Database

_log = logging.getLogger(__name__)

BY_HAND = frozenset({"reply_written"})
"""The messages whose words a person wrote: an automatic answer to them is fine (RFC 3834, 5)."""
NOTHING_LEFT = "Nothing is left to tell."
LOOK_UPS_WITHIN = 1.0
"""Seconds after which no further person is looked up for messages that are prepared together: the first ones wait."""


class Unreachable(Refused):
    """Nobody can be written to about it, such as a contact who has left: somebody may have to tell them otherwise."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a message goes to, as the owner of the person says at the moment of sending, and papers that go with it.

    `id` is "contact:ID", "facilitator:ID" or "ops", and the recipient's own name where no contact is known yet;
    `nation` is where they work, whose bank holidays they keep. None of either is not known.
    """

    address: str
    facts: Mapping[str, Any]
    papers: tuple[Attachment, ...] = ()
    id: str | None = None
    nation: str | None = None


class Directory(Protocol):
    """Finds the person behind a recipient."""

    def look_up(self, message: Message) -> Person:
        """Ask the service that owns the person. Raises `Refused`: "not_found", "unavailable", or `Unreachable`."""


class Links(Protocol):
    """Makes the addresses by which somebody chooses how they are written to."""

    def page(self, person: str) -> str:
        """Give the whole address of somebody's page."""

    def one_click(self, person: str) -> str:
        """Give the whole address that one click posts to."""


class LeftOut(NamedTuple):
    """What a digest took along and does not tell: a message, and what becomes of it at a moment."""

    part: Message
    becomes: Callable[[datetime], Message]


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail that can go out, and the message as it is then known."""

    message: Message
    mail: Mail
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing goes out now; `verdict` says what becomes of it. `person` is whose digest it may be told in."""

    message: Message
    verdict: Verdict
    person: str
    left_out: tuple[LeftOut, ...] = ()


class _Reader(NamedTuple):
    """Who is to read a message; `names` are those by which they may have chosen how they are written to."""

    message: Message
    person: Person
    names: tuple[str, str]
    hashes: tuple[str, ...]
    """Of their address, as suppressions have it."""


class _Known(NamedTuple):
    """What this service itself knows of a reader at the moment of sending."""

    suppressed: str | None
    preferences: Preferences
    closed: frozenset[date]
    live: Live | None


class _Part(NamedTuple):
    message: Message
    person: Person
    words: Rendered


@dataclass(frozen=True, slots=True)
class Composer:
    """Everything that a mail is made of. `keys` are the settings' secret keys, `bounce_address` where bounces go."""

    database: Database
    directory: Directory
    organisation: Organisation
    mail_from: str
    keys: Sequence[str] = ()
    links: Links | None = None
    bounce_address: str | None = None

    def prepare(self, message: Message, now: datetime, date: datetime) -> Ready | Held:
        """Give the mail of a claimed message, or what becomes of it instead.

        `now` is the moment by which its reader's hours count, `date` goes on the mail. Raises `Refused` as the
        directory does, and `MessageNotRendered`.
        """
        if message.template == DIGEST:
            return self._prepare_digest(message, now, date)
        [found] = self.prepare_all([message], now, date)
        if isinstance(found, Exception):
            raise found
        return found

    def prepare_all(self, messages: Sequence[Message], now: datetime, date: datetime) -> list[Ready | Held | Exception]:
        """Prepare several messages, none of them a digest, as `prepare` does; what that would raise is given instead.

        Where looking up their people takes too long, only the first of them are prepared: at least one. Raises
        `Refused` where the database cannot be asked.
        """
        readers = self._look_up_all(messages)
        known = iter(self._known([each for each in readers if isinstance(each, _Reader)], now))
        found: list[Ready | Held | Exception] = []
        for each in readers:
            found.append(or_fault(self._compose, each, next(known), now, date) if isinstance(each, _Reader) else each)
            time.sleep(0)  # it is nothing but work: others have their turn
        return found

    def _look_up_all(self, messages: Sequence[Message]) -> list[_Reader | Exception]:
        give_up, readers = time.monotonic() + LOOK_UPS_WITHIN, list[_Reader | Exception]()
        for message in messages:
            readers.append(or_fault(self._look_up, message))
            if time.monotonic() > give_up:
                break
        return readers

    def _look_up(self, message: Message) -> _Reader:
        return self._reader(message, self.directory.look_up(message), message.recipient)

    def _reader(self, message: Message, person: Person, named: str) -> _Reader:
        hashes = tuple(address_hashes(self.keys, person.address))
        return _Reader(message, person, (person.id or message.recipient, named), hashes)

    def _known(self, readers: Sequence[_Reader], now: datetime) -> list[_Known]:
        """Ask the database once for all."""
        if not readers:
            return []
        with self.database.asking() as connection:
            held = suppressed_among(connection, {mark for each in readers for mark in each.hashes})
            live = live_words_among(connection, {each.message.template for each in readers})
            return [
                _Known(
                    next((held[mark] for mark in reader.hashes if mark in held), None),
                    preferences,
                    days_told(connection, reader.names[0], now) if preferences.digest else frozenset(),
                    live.get(reader.message.template),
                )
                for reader, preferences in zip(
                    readers, preferences_of_each(connection, [each.names for each in readers]), strict=True
                )
            ]

    def _compose(self, reader: _Reader, known: _Known, now: datetime, date: datetime) -> Ready | Held:
        message, person = reader.message, reader.person
        if is_to_the_team(message.recipient):
            return Ready(message, alert(message, self.organisation, self.mail_from, date))
        verdict = _verdict(reader, known, now)
        if not isinstance(verdict, Send):
            return Held(replace(message, person=person.id), verdict, reader.names[0])
        page = self._page(message, person)
        words, version = self._words(message, person, known.live, page)
        attachments = (*self._calendars(message, person.address, date), *person.papers)
        mail = self._mail(message, person, words, attachments, date, page)
        return Ready(replace(message, person=person.id, template_version=version), mail)

    def _words(
        self, message: Message, person: Person, live: Live | None, page: str | None, **more: Any
    ) -> tuple[Rendered, int | None]:
        """Give the words and the version of them: those that ops wrote, or those that come with Keytalk."""
        facts = {**message.facts, **person.facts, "preferences_page": page, **more}
        if live is not None:
            try:
                return render(message.template, facts, self.organisation, (live.text, live.html)), live.version
            except MessageNotRendered as fault:
                # Nobody goes untold because of an edit.
                told = {"template": message.template, "version": live.version, "error": str(fault)}
                _log.error("edited words cannot be used", extra=told)
        return render(message.template, facts, self.organisation), None

    def _prepare_digest(self, digest: Message, now: datetime, date: datetime) -> Ready | Held:
        parts: list[_Part] = []
        left_out: list[LeftOut] = []
        with self.database.asking() as connection:
            taken = taken_along(connection, digest)
        for each in taken:
            found = self._part(each, digest)
            if isinstance(found, _Part):
                parts.append(found)
            else:
                left_out.append(found)
        if not parts:
            return Held(digest, HoldBack(NOTHING_LEFT), digest.recipient, tuple(left_out))
        person = replace(parts[0].person, facts={"name": parts[0].person.facts.get("name")}, papers=())
        digest = replace(digest, person=digest.recipient)
        reader = self._reader(digest, person, parts[0].message.recipient)
        [known] = self._known([reader], now)
        verdict = _verdict(reader, known, now)
        if not isinstance(verdict, Send):
            return Held(digest, verdict, digest.recipient, tuple(left_out))
        told = [
            {"subject": each.words.subject, "text": each.words.text.strip(), "html": Markup(each.words.html)}  # noqa: S704
            for each in parts
        ]
        page = self._page(digest, person)
        words, version = self._words(digest, person, known.live, page, parts=told)
        files = _named_apart(file for each in parts for file in self._files(each, date))
        mail = self._mail(digest, person, words, files, date, page)
        return Ready(replace(digest, template_version=version), mail, tuple(left_out))

    def _part(self, part: Message, digest: Message) -> _Part | LeftOut:
        """Give what a digest tells of one message, or why it does not. Raises `Refused("unavailable")`."""
        try:
            person = self.directory.look_up(part)
        except Refused as refused:
            if refused.code == "unavailable":
                raise
            why = refused.detail
            return LeftOut(part, lambda _now: part.suppressed(why))
        if (person.id or part.recipient) != digest.recipient:
            return LeftOut(part, part.put_back)
        with self.database.asking() as connection:
            live = live_words(connection, part.template)
        try:
            words, _version = self._words(part, person, live, self._page(part, person), in_digest=True)
        except MessageNotRendered as fault:
            lack = str(fault)
            return LeftOut(part, lambda _now: part.refused(lack))
        return _Part(part, person, words)

    def _files(self, part: _Part, date: datetime) -> Iterator[Attachment]:
        yield from self._calendars(part.message, part.person.address, date)
        yield from part.person.papers

    def _mail(
        self,
        message: Message,
        person: Person,
        words: Rendered,
        attachments: Iterable[Attachment],
        date: datetime,
        page: str | None,
    ) -> Mail:
        bounces, who = self.bounce_address, person.id or message.recipient
        may_stop = may_choose(message) and message.urgency.may_be_switched_off
        return Mail(
            message_id=message.message_id,
            sender=self.mail_from,
            sender_name=self.organisation.name,
            recipient=person.address,
            reply_to=self.organisation.email,
            subject=words.subject,
            text=words.text,
            html=words.html,
            date=date,
            attachments=tuple(attachments),
            auto_submitted="no" if message.template in BY_HAND else "auto-generated",
            references=_thread_of(message),
            unsubscribe=self.links.one_click(who) if self.links and may_stop else None,
            page=page,
            return_path=return_path(bounces, message.id) if bounces else None,
            idempotency_key=message.message_id.strip("<>").partition("@")[0],
            reference=None if message.recipient == OPS else about_of(message) or None,
        )

    def _page(self, message: Message, person: Person) -> str | None:
        if self.links is None or not may_choose(message):
            return None
        return self.links.page(person.id or message.recipient)

    def _calendars(self, message: Message, reader: str, now: datetime) -> tuple[Attachment, ...]:
        if message.template.startswith("run_changed_"):
            return tuple(self._changes(message, reader, now))
        if not message.template.startswith("run_confirmed_"):
            return ()
        calendar = run_calendar(RunFacts.from_plain(message.facts), self.organisation.email, now)
        return (Attachment("sessions.ics", "text/calendar", calendar, {"method": "PUBLISH"}),)

    def _changes(self, message: Message, reader: str, now: datetime) -> Iterator[Attachment]:
        """Give a file with what takes place otherwise, and one with what does not: each has a method of its own."""
        run = RunFacts.from_plain(message.facts)
        files: tuple[tuple[Literal["REQUEST", "CANCEL"], str, tuple[str, ...]], ...] = (
            ("REQUEST", "changed-sessions.ics", ("moved", "new", "regrouped")),
            ("CANCEL", "cancelled-sessions.ics", ("cancelled", "lost")),
        )
        for method, name, groups in files:
            sessions = [SessionFacts.from_plain(each) for group in groups for each in message.facts[group]]
            if sessions:
                calendar = change_calendar(method, run, sessions, self.organisation.email, reader, now)
                yield Attachment(name, "text/calendar", calendar, {"method": method})


def _verdict(reader: _Reader, known: _Known, now: datetime) -> Verdict:
    if known.suppressed is not None:
        return HoldBack(known.suppressed)
    return judge(reader.message, known.preferences, bank_holidays_in(reader.person.nation), now, known.closed)


def may_choose(message: Message) -> bool:
    """Say whether a mail offers its reader to choose how they are written to: ops choose otherwise."""
    return message.recipient != OPS and message.urgency is not Urgency.CRITICAL


def _named_apart(files: Iterable[Attachment]) -> Iterator[Attachment]:
    """Give files of which no two have the same name."""
    seen: dict[str, int] = {}
    for file in files:
        seen[file.filename] = count = seen.get(file.filename, 0) + 1
        path = PurePath(file.filename)
        yield file if count == 1 else replace(file, filename=f"{path.stem}-{count}{path.suffix}")


def _thread_of(message: Message) -> tuple[str, ...]:
    """Give the Message-ID of the acknowledgement, so that an enquirer's mailbox keeps later messages beside it."""
    reference = message.facts.get("reference")
    if message.recipient != enquirer(str(reference)) or message.template == "enquiry_received":
        return ()
    domain = message.message_id.rpartition("@")[2].rstrip(">")
    return (stable_message_id(message.recipient, f"enquiry_received:{reference}", 1, domain),)
