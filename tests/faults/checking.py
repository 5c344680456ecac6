"""Compares what clients were told with what the databases, the queues and the mailbox hold."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.engine import make_url

import shared.contracts  # noqa: F401 - fills the list of contracts
from services.notifications.domain.verdicts import IN_QUIET_HOURS
from shared.contracts.base import NotInTheLanguage, contract_for
from tests.faults.load import Load

Rows = Sequence[Mapping[str, Any]]

SERVICES = ("enquiries", "scheduling", "notifications")
_SHOWN = 5


@dataclass
class Verdict:
    """What was found: `wrong` can never mend, `waiting` may still, `counts` say how much there was of what."""

    wrong: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    left: int = 0
    """How many things `waiting` speaks of: one that gets smaller is not stuck, however slow the machine."""

    @property
    def good(self) -> bool:
        """Whether all is as promised."""
        return not self.wrong and not self.waiting

    def __str__(self) -> str:
        lines = [f"wrong: {words}" for words in self.wrong] + [f"waiting: {words}" for words in self.waiting]
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
        return "\n".join([*lines, counts])

    def amiss(self, where: list[str], words: str, which: Iterable[Any]) -> None:
        """Note something that is not as promised, if there is any of it."""
        found = sorted(map(str, which))
        if found:
            self.left += len(found) if where is self.waiting else 0
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            where.append(f"{words}: {len(found)} ({', '.join(found[:_SHOWN])}{more})")


@dataclass
class Books:
    """Everything that is written down anywhere. `queues` gives how many messages wait in each."""

    databases: Mapping[str, str]
    mails: Callable[[], Sequence[EmailMessage]]
    queues: Callable[[], Mapping[str, int]] = dict

    def rows(self, service: str, query: str, **values: Any) -> Rows:
        """Read from a service's database."""
        engine = create_engine(_address(self.databases[service]), poolclass=NullPool)
        with engine.connect() as connection:
            return connection.execute(text(query), values).mappings().all()

    def change(self, service: str, statement: str, **values: Any) -> int:
        """Change a service's database behind its back, and give how many rows were."""
        engine = create_engine(_address(self.databases[service]), poolclass=NullPool)
        with engine.begin() as connection:
            return connection.execute(text(statement), values).rowcount

    def dead(self, service: str) -> Rows:
        """The events that a service set aside for an operator."""
        return self.rows(service, "SELECT * FROM inbox WHERE state = 'dead' ORDER BY seq")


def _address(url: str) -> Any:
    address = make_url(url)
    return address.set(drivername="postgresql+psycopg") if address.drivername == "postgresql" else address


class Checker:
    """Looks whether every enquiry that was taken is stored once and took effect once, and nothing is stuck."""

    def __init__(self, books: Books, load: Load) -> None:
        self._books = books
        self._load = load

    def look(self) -> Verdict:
        """Compare everything once."""
        verdict = Verdict()
        stored = self._enquiries(verdict)
        self._scheduling(verdict, stored)
        messages = self._messages(verdict, stored)
        self._mails(verdict, messages)
        self._acknowledged(verdict, stored, messages)
        self._backbone(verdict)
        self._queues(verdict)
        return verdict

    def judge(self, within: float = 30.0) -> Verdict:
        """Give the verdict once all is well; fail with it when it is not after `within` seconds."""
        verdict = self.settled(within)
        if not verdict.good:
            raise AssertionError(f"\n{verdict}")
        return verdict

    def settled(self, within: float = 30.0) -> Verdict:
        """Look until all is well, or something is wrong for good, or `within` seconds have passed."""
        deadline = time.monotonic() + within
        while True:
            verdict = self.look()
            if verdict.good or verdict.wrong or time.monotonic() > deadline:
                return verdict
            time.sleep(0.3)

    def _enquiries(self, verdict: Verdict) -> set[str]:
        """Every enquiry that got a 201 is stored once, under the one reference that all its 201s named."""
        rows = self._books.rows(
            "enquiries",
            "SELECT idempotency_key, reference FROM enquiries WHERE idempotency_key LIKE :mine",
            mine=f"{self._load.name}-%",
        )
        stored = {row["idempotency_key"]: row["reference"] for row in rows}
        taken = self._load.taken
        refused = {status for status in self._load.told if status.isdigit() and 400 <= int(status) < 500}
        verdict.amiss(verdict.wrong, "stored twice under one key", _repeated(row["idempotency_key"] for row in rows))
        verdict.amiss(verdict.wrong, "answered 201 and not stored", {p.key for p in taken} - stored.keys())
        verdict.amiss(verdict.wrong, "refused by status", refused)
        verdict.amiss(
            verdict.wrong,
            "answered with another reference than is stored",
            [p.key for p in taken if p.key in stored and set(p.references) != {stored[p.key]}],
        )
        verdict.counts["posted"] = len(self._load.log)
        verdict.counts["answered 201"] = len(taken)
        verdict.counts["stored"] = len(rows)
        verdict.counts["answers lost or refused and asked again"] = sum(
            count for told, count in self._load.told.items() if told != "201"
        )
        return set(stored.values())

    def _scheduling(self, verdict: Verdict, stored: set[str]) -> None:
        rows = self._books.rows("scheduling", "SELECT reference FROM enquiries")
        known = Counter(row["reference"] for row in rows)
        verdict.amiss(verdict.waiting, "not known to scheduling", stored - known.keys())
        verdict.amiss(verdict.wrong, "known twice to scheduling", [ref for ref in stored if known[ref] > 1])

    def _messages(self, verdict: Verdict, stored: set[str]) -> Rows:
        """Each enquiry has two messages, and each came to an end: accepted, or visibly unknown.

        The one to ops is as far as it can come when it waits for their office to open, as it does by night.
        """
        rows = [
            row
            for row in self._books.rows("notifications", "SELECT * FROM messages")
            if row["subject_ref"].partition(":")[2] in stored
        ]
        told = Counter((row["subject_ref"].partition(":")[2], row["template"]) for row in rows)
        wanted = {(ref, template) for ref in stored for template in ("enquiry_received", "enquiry_received_ops")}
        states = Counter(row["state"] for row in rows)
        verdict.amiss(verdict.waiting, "no message", wanted - told.keys())
        verdict.amiss(verdict.wrong, "more than one message", [key for key, count in told.items() if count > 1])
        verdict.amiss(verdict.wrong, "a message nobody asked for", told.keys() - wanted)
        open_ones = [
            row["id"] for row in rows if row["state"] in {"scheduled", "sending"} and row["why"] != IN_QUIET_HOURS
        ]
        ended = {"scheduled", "sending", "accepted", "unknown"}
        verdict.amiss(verdict.waiting, "message not sent yet", open_ones)
        verdict.amiss(verdict.wrong, "message ended badly", [row["id"] for row in rows if row["state"] not in ended])
        verdict.counts.update({f"messages {state}": count for state, count in states.items()})
        return rows

    def _mails(self, verdict: Verdict, messages: Rows) -> None:
        """No mail was accepted twice, and every message that says so was accepted."""
        mails = list(self._books.mails())
        by_id = Counter(str(mail["Message-ID"]) for mail in mails)
        by_words = Counter((str(mail["To"]), str(mail["Subject"])) for mail in mails)
        accepted = {row["message_id"] for row in messages if row["state"] == "accepted"}
        unknown = {row["message_id"] for row in messages if row["state"] == "unknown"}
        verdict.amiss(verdict.wrong, "mail accepted twice", [each for each, count in by_id.items() if count > 1])
        verdict.amiss(verdict.wrong, "mail said twice", [each for each, count in by_words.items() if count > 1])
        verdict.amiss(verdict.wrong, "said to be accepted and never was", accepted - by_id.keys())
        verdict.counts["mails accepted"] = len(by_id)
        verdict.counts["unknown that were accepted"] = len(unknown & by_id.keys())

    def _acknowledged(self, verdict: Verdict, stored: set[str], messages: Rows) -> None:
        """The way back: enquiries hears once of each message, and notes the acknowledgement."""
        told = Counter(
            row["subject"]
            for row in self._books.rows("notifications", "SELECT subject FROM outbox WHERE type = 'message_accepted'")
        )
        accepted = {str(row["id"]) for row in messages if row["state"] == "accepted"}
        told = Counter({_plain(subject): count for subject, count in told.items()})
        verdict.amiss(verdict.wrong, "accepted and not told", {_plain(each) for each in accepted} - told.keys())
        verdict.amiss(verdict.wrong, "told twice", [each for each, count in told.items() if count > 1])
        noted = {
            row["reference"]
            for row in self._books.rows(
                "enquiries", "SELECT reference FROM enquiries WHERE acknowledged_at IS NOT NULL"
            )
        }
        thanked = {
            row["subject_ref"].partition(":")[2]
            for row in messages
            if row["state"] == "accepted" and row["template"] == "enquiry_received"
        }
        verdict.amiss(verdict.waiting, "thanked and not noted", thanked & stored - noted)

    def _backbone(self, verdict: Verdict) -> None:
        """Outboxes are published; each event is in the inbox of each subscriber once, handled."""
        inboxes = {service: self._inbox(verdict, service) for service in SERVICES}
        for service in SERVICES:
            rows = self._books.rows(service, "SELECT * FROM outbox")
            unpublished = [row["seq"] for row in rows if row["published_at"] is None and not row.get("parked_at")]
            parked = [row["seq"] for row in rows if row.get("parked_at")]
            verdict.amiss(verdict.waiting, f"unpublished in {service}", unpublished)
            verdict.amiss(verdict.wrong, f"parked in {service}", parked)
            verdict.counts[f"events of {service}"] = len(rows)
            for subscriber in SERVICES:
                due = {_plain(row["event_id"]) for row in rows if subscriber in _subscribers(row["type"])}
                missing = due - inboxes[subscriber]
                verdict.amiss(verdict.waiting, f"events of {service} that never reached {subscriber}", missing)

    def _inbox(self, verdict: Verdict, service: str) -> set[str]:
        rows = self._books.rows(service, "SELECT seq, event_id, subject, state, error FROM inbox")
        states = Counter(row["state"] for row in rows)
        ids = [_plain(row["event_id"]) for row in rows]
        verdict.amiss(verdict.wrong, f"taken twice by {service}", _repeated(ids))
        waiting = [f"{row['seq']}: {row['error']}" for row in rows if row["state"] == "waiting"]
        verdict.amiss(verdict.waiting, f"stuck in the inbox of {service}", waiting)
        dead = [f"{row['seq']}: {row['error']}" for row in rows if row["state"] == "dead"]
        verdict.amiss(verdict.wrong, f"dead in {service}", dead)
        verdict.counts.update({f"inbox {state}": count for state, count in states.items()})
        return set(ids)

    def _queues(self, verdict: Verdict) -> None:
        full = {name: count for name, count in self._books.queues().items() if count}
        verdict.amiss(verdict.waiting, "left in queues", [f"{name} {count}" for name, count in full.items()])


def _subscribers(type_: str) -> tuple[str, ...]:
    try:
        return contract_for(type_).subscribers
    except NotInTheLanguage:
        return ()


def _plain(id_: Any) -> str:
    """Give an id as text without hyphens: SQLite keeps it so."""
    return str(id_).replace("-", "")


def _repeated(values: Iterable[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]
