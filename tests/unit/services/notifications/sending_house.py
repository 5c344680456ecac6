"""What the tests of sending share: a ledger, a sender at it, and the people it writes to. All of it is invented."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.notifications.channels.base import Mail
from services.notifications.domain.messages import Message
from services.notifications.domain.occasions import Drafting, draft, enquirer, facilitator
from services.notifications.domain.preferences import Preferences
from services.notifications.handlers.entering import enter
from services.notifications.handlers.places import REPORT_MINUTES
from services.notifications.handlers.preferences import change
from services.notifications.sending.delivery import Sender
from services.notifications.sending.directory import ServiceDirectory
from services.notifications.sending.rendering import Organisation
from services.notifications.tables import message_of, message_row, messages, messaging
from services.notifications.web.preference_links import PreferenceLinks
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store, new_id

REF, OPS, DOMAIN = "KT-7F3K-92", "ops@mail.example.org", "mail.example.org"
SAM, ANA = UUID(int=0xB2), UUID(int=0xA1)
CONTACT, FACILITATOR = f"contact:{SAM}", facilitator(str(ANA))
MONDAY = dt.datetime(2026, 12, 7, 12, 0, tzinfo=dt.UTC)
KEYS = ("the-first-key-of-two", "the-second-key-of-two")
SESSION = {"id": "s3", "number": 3, "date": "2026-12-10", "start": "13:45", "end": "16:45", "zone": "Europe/London"}
RUN = {"run": "run-1", "enquiry": REF, "establishment": "Risley (HMP)", "programme": "The Many Faces of Trauma"}


class Owners:
    """The services that own the people; a test changes what they know. Those in `away` do not answer."""

    def __init__(self) -> None:
        self.contact: dict[str, Any] = {
            "id": str(SAM),
            "name": "Sam O'Neil",
            "email": "sam@risley.example",
            "status": "active",
        }
        self.enquiry: dict[str, Any] = {"establishment_id": "RSI", "standing": "filed", "owner": None}
        self.facilitator = {"name": "Ana Reyes", "email": "ana@facilitators.example"}
        self.memos: list[dict[str, Any]] = []
        self.kit: list[dict[str, Any]] = []
        self.away: set[str] = set()

    def call(self, service: str, method: str, **words: Any) -> Any:
        if service in self.away:
            raise Refused("unavailable", f"{service} does not answer.")
        if method == "get_facilitator":
            return {"id": words["facilitator"], **self.facilitator}
        if method == "list_memos":
            return self.memos
        if method == "get_kit_list":
            return {"run": words["run"], "items": self.kit}
        asked = {"programme_name": "The Many Faces of Trauma", "establishment": "HMP Risley"}
        sizes = {"group_size": 12, "preferred_start": None}
        return {"reference": words["reference"], "contact": self.contact, **asked, **sizes, **self.enquiry}


class Channel:
    """Keeps what it is given, or fails as a test says; `before` is done as a mail is on its way."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.fault: Exception | None = None
        self.before: Callable[[], None] = lambda: None
        self.knows: bool | None = None

    def deliver(self, mail: Mail) -> None:
        self.before()
        if self.fault is not None:
            raise self.fault
        self.mails.append(mail)

    def settle(self, _message_id: str) -> bool | None:
        return self.knows


@dataclass
class House:
    """A ledger, its sender, and a clock that is set by hand."""

    database: Database
    now: dt.datetime = MONDAY
    owners: Owners = field(default_factory=Owners)
    channel: Channel = field(default_factory=Channel)
    nations: dict[str, str] = field(default_factory=dict)
    report_minutes: dict[str | None, int] = field(default_factory=dict)
    at_once: int = 1
    """How many messages go out at once: one after another, so that a test can say what happens in between."""

    @property
    def store(self) -> Store:
        return Store(self.database, messaging, lambda: self.now, "notifications")

    @property
    def sender(self) -> Sender:
        return Sender(
            store=self.store,
            channel=self.channel,
            directory=ServiceDirectory(
                self.owners.call, OPS, self.nations.get, lambda place: self.report_minutes.get(place, REPORT_MINUTES)
            ),
            organisation=Organisation("Key & Compass", OPS),
            mail_from=f"keytalk@{DOMAIN}",
            lease=dt.timedelta(minutes=10),
            keys=KEYS,
            links=PreferenceLinks(KEYS, "https://keys.example"),
            bounce_address=f"bounces@{DOMAIN}",
            at_once=self.at_once,
        )

    @property
    def mails(self) -> list[Mail]:
        return self.channel.mails

    def enter(self, *drafts: Message) -> None:
        with self.store.work() as work:
            enter(work, drafts)

    def prefer(self, person: str, **chosen: Any) -> None:
        with self.store.work() as work:
            change(work, person, Preferences(**chosen), by="a test")

    def send(self, at: dt.datetime | None = None) -> dict[str, int]:
        """Send what is due, at a moment to which the clock is set."""
        self.now = at or self.now
        return dict(self.sender.send_due())

    def at_work(self) -> Any:
        return self.store.work()

    def message(self, occasion: str, recipient: str | None = None) -> Message:
        [found] = [each for each in self.ledger() if each.occasion == occasion and recipient in {None, each.recipient}]
        return found

    def ledger(self) -> list[Message]:
        with self.database.reading() as connection:
            return [message_of(row) for row in connection.execute(select(messages).order_by(messages.c.id))]

    def put(self, message: Message, **changes: Any) -> Message:
        """Have a message be otherwise than it would come to be by itself."""
        changed = replace(message, **changes)
        with self.database.writing() as connection:
            connection.execute(update(messages).where(messages.c.id == message.id).values(message_row(changed)))
        return changed

    def events(self, type_: str) -> list[dict[str, Any]]:
        import json

        table = messaging.outbox
        with self.database.reading() as connection:
            found = connection.scalars(select(table.c.envelope).where(table.c.type == type_).order_by(table.c.seq))
            return [json.loads(each)["data"] for each in found]

    def unsettled(self) -> list[tuple[str, str]]:
        """Of what a task tells: the template and the state."""
        return [(each["template"], each["state"]) for each in self.events("message_unsettled")]

    def jobs(self, kind: str) -> set[str]:
        with self.database.reading() as connection:
            return set(connection.scalars(select(messaging.jobs.c.subject).where(messaging.jobs.c.kind == kind)))

    def remove_jobs(self) -> None:
        with self.database.writing() as connection:
            connection.execute(messaging.jobs.delete())


def a_message(template: str, recipient: str, occasion: str = "o:1", **changes: Any) -> Message:
    """Draft a message that is due at noon of the Monday, with all that its template needs."""
    given: dict[str, Any] = {
        "version": 1,
        "subject_ref": "run:run-1",
        "due_at": MONDAY,
        "facts": {**RUN, "version": 1, "of": 16, "first_date": "2027-01-12", "last_date": "2027-04-27"}
        | {"expires_on": "2026-12-30", "rank": 1, "session": SESSION, "days_before": 3},
    }
    drafting = Drafting(new_id, DOMAIN)
    return draft(drafting, recipient=recipient, occasion=occasion, template=template, **{**given, **changes})


def to_contact(occasion: str = "hold:1", **changes: Any) -> Message:
    """An ordinary message to the contact: dates are held."""
    return a_message("hold_placed_contact", enquirer(REF), occasion, **changes)


def reminder(recipient: str = FACILITATOR, occasion: str = "session_reminder:5d:s3", **changes: Any) -> Message:
    """A reminder of a session on Thursday in the afternoon."""
    kind = "contact" if recipient.startswith("enquirer") else "facilitator"
    useful = {"useful_until": dt.datetime(2026, 12, 10, 13, 45, tzinfo=dt.UTC)}
    return a_message(f"session_reminder_{kind}", recipient, occasion, **{**useful, **changes})
