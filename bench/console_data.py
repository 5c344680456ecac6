"""Fills an enquiries database as three years of work would leave it: histories, tasks, offers, on either database.

Where `bench.stored` has as many rows as it can, here each enquiry has a life of its own, played to the day: it is
answered late or in time, moves on, is lost or won, and its history, tasks, proposals and agreement say the same as its
row. What is drawn is drawn from one seed.
"""

import itertools
import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table

from bench import stored
from services.enquiries.domain import clocks
from services.enquiries.domain.catalogue import CATALOGUE
from services.enquiries.domain.checklists import items_of
from services.enquiries.domain.pipeline import OPEN, Stage
from services.enquiries.domain.playbooks import plays_for
from services.enquiries.domain.searching import entry_of, plain_words
from services.enquiries.tables import (
    agreements,
    canaries,
    checklists,
    contacts,
    data_requests,
    establishments,
    organisations,
    proposals,
    search_entries,
    signatures,
    tasks,
    timeline,
    timeline_words,
)
from services.enquiries.tables import enquiries as asked
from shared.clock import LONDON, day_in_london
from shared.holidays import bank_holidays_in
from shared.persistence.database import Database

NOW = stored.NOW
YEARS = 3
CHANNELS, CHANNEL_WEIGHTS = ("form", "api", "phone", "paper"), (70, 15, 12, 3)
NATIONS, NATION_WEIGHTS = ("england", "wales", "scotland", "northern-ireland"), (85, 6, 7, 2)
AGENCIES = ("commissioner", "provider", "partner_agency", "funder")
UNLISTED = 0.08
"""The share of enquiries that name a place nobody recognised."""
QUARANTINED, MERGED = 0.05, 0.02
ALONG = (Stage.NEW, Stage.AVAILABILITY, Stage.SUITABILITY, Stage.NEXT_STEPS, Stage.AGREEMENT, Stage.WON)
DAYS_AT = {Stage.NEW: 1, Stage.AVAILABILITY: 5, Stage.SUITABILITY: 6, Stage.NEXT_STEPS: 12, Stage.AGREEMENT: 10}
"""The mean days that an enquiry stays at a stage."""
LOST_AT = {
    Stage.NEW: 0.1,
    Stage.AVAILABILITY: 0.2,
    Stage.SUITABILITY: 0.2,
    Stage.NEXT_STEPS: 0.25,
    Stage.AGREEMENT: 0.05,
}
ENDINGS, ENDING_WEIGHTS = (Stage.LAPSED, Stage.WITHDRAWN, Stage.DECLINED), (5, 3, 2)
_COMMON = ("we", "would", "like", "to", "hear", "about", "the", "programme", "for", "a", "group", "in", "spring")

Row = dict[str, Any]


@dataclass
class Filled:
    """What was stored, for whoever asks about it: `references` are those of all enquiries, the oldest first."""

    now: datetime
    references: list[str] = field(default_factory=list)
    places: list[tuple[str, str]] = field(default_factory=list)
    owners: tuple[str, ...] = stored.OWNERS


def enquiries(database: Database, count: int, *, now: datetime = NOW, seed: int = 1) -> Filled:
    """Fill the empty tables of a database with `count` enquiries of the three years before `now`, and all about them.

    50,000 take a minute or two. Gives what was stored.
    """
    story = Story(count, now, seed)
    with database.writing() as connection:
        for table, rows in story.told().items():
            _insert(connection, table, rows)
    if not database.is_sqlite:  # which is never analysed where Keytalk runs on it
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("RESET statement_timeout")
    return story.filled


class Story:
    """All that happened, as rows by table in the order in which they can be stored."""

    def __init__(self, count: int, now: datetime, seed: int) -> None:
        self.count, self.now = count, now
        self.chance = random.Random(seed)
        self.years = stored.Years(count, seed)
        self.filled = Filled(now)
        self.rows: dict[Table, list[Row]] = defaultdict(list)
        self._numbers = 0
        self._uneven = [1 / (rank + 20) for rank in range(stored.PLACES)]

    def told(self) -> Mapping[Table, Sequence[Row]]:
        """Give the rows."""
        self._places()
        self._people()
        for number, received_at in enumerate(self._arrivals()):
            _Life(self, number, received_at).tell()
        self._upkeep()
        order = (establishments, organisations, contacts, asked, timeline, timeline_words, tasks, checklists, proposals)
        return {table: self.rows[table] for table in (*order, agreements, signatures, search_entries, *_UPKEEP)}

    def add(self, table: Table, **row: Any) -> None:
        """Add a row."""
        self.rows[table].append(row)

    def new_id(self, at: datetime) -> UUID:
        """Give an id that sorts by its moment, as those of the services do."""
        self._numbers += 1
        return UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | self._numbers)

    def days(self, mean: float) -> timedelta:
        """Give a stretch of time around a mean of days."""
        return timedelta(days=self.chance.expovariate(1 / mean))

    def _places(self) -> None:
        for id_, name, bare, town, *_ in self.years.places:
            nation = self.chance.choices(NATIONS, NATION_WEIGHTS)[0]
            known = {"name": name, "bare_name": bare, "nation": nation, "active": True}
            self.add(establishments, id=id_, town=town, version=1, **known)
            self._organisation("establishment", establishment_id=id_, **known)
            self.filled.places.append((id_, name))
        for number in range(60):
            name = f"{self.years.words[number * 7].capitalize()} Trust {number}"
            kind = self.chance.choice(AGENCIES)
            self._organisation(kind, name=name, bare_name=name.lower(), nation="england", active=True)
        self.nations = {row["id"]: row["nation"] for row in self.rows[establishments]}
        self.at_place = {row["establishment_id"]: row for row in self.rows[organisations]}
        self.agencies = [row for row in self.rows[organisations] if row["establishment_id"] is None]

    def _organisation(self, kind: str, *, establishment_id: str | None = None, **known: Any) -> None:
        began = self.now - timedelta(days=365 * YEARS + 1)
        made = {"created_at": began, "created_by": "register", "establishment_id": establishment_id}
        self.add(organisations, id=self.new_id(began), kind=kind, **known, **made)

    def _people(self) -> None:
        began = self.now - timedelta(days=365 * YEARS)
        self.people: dict[UUID, list[Row]] = defaultdict(list)
        for number in range(max(self.count // 15, len(self.rows[organisations]))):
            at = self.rows[organisations][number % len(self.rows[organisations])]
            name = f"{self.chance.choice(self.years.first_names)} {self.chance.choice(self.years.surnames)}"
            person = {
                "id": self.new_id(began),
                "name": name,
                "email": f"{name.replace(' ', '.').lower()}{number}@keytalk.example",
                "phone": f"01632 {number:06}",
                "organisation_id": at["id"],
                "status_since": began,
                "source": "seed",
                "created_at": began,
            }
            self.people[at["id"]].append(person)
            self.add(contacts, **person)

    def _arrivals(self) -> list[datetime]:
        """Give the moments at which enquiries came: more on working days, in office hours, in spring and autumn."""
        days = [day_in_london(self.now) - timedelta(days=back) for back in range(365 * YEARS)]
        weights = [(1 if day.weekday() < 5 else 0.15) * (0.6 if day.month in (8, 12) else 1) for day in days]
        moments = []
        while len(moments) < self.count:
            for day in self.chance.choices(days, weights, k=self.count - len(moments)):
                seconds = self.chance.triangular(0, 86_399, 46_000)
                at = datetime(day.year, day.month, day.day, tzinfo=LONDON) + timedelta(seconds=int(seconds))
                if at <= self.now:
                    moments.append(at.astimezone(UTC))
        return sorted(moments)

    def _upkeep(self) -> None:
        for number in range(48):
            at = self.now - timedelta(hours=number, minutes=5)
            arrived = {"arrived_at": at, "reference": None, "why": None, "state": "arrived"}
            self.add(canaries, id=self.new_id(at), sent_at=at, **arrived)
        for number in range(12):
            received = day_in_london(self.now) - timedelta(days=7 * number + 3)
            open_ = number < 3
            closed = {"closed_at": None if open_ else self.now, "outcome": None, "state": "open" if open_ else "closed"}
            due = {"received_on": received, "due_on": received + timedelta(days=31)}
            self.add(
                data_requests,
                id=self.new_id(self.now),
                kind=("export", "erasure")[number % 2],
                person_hash=f"{number:064}",
                actor="operator0",
                **due,
                **closed,
            )


_UPKEEP = (canaries, data_requests)


class _Life:
    """The life of one enquiry, up to the present."""

    def __init__(self, story: Story, number: int, received_at: datetime) -> None:
        self.story, self.chance, self.at = story, story.chance, received_at
        self.reference = story.years.reference(number)
        self.received_at = received_at
        self.place = self.chance.choices(story.years.places, story._uneven)[0]
        self.listed = self.chance.random() >= UNLISTED
        nation = story.nations[self.place[0]] if self.listed else None
        self.holidays = bank_holidays_in(nation)
        agency = self.chance.random() < 0.1
        self.organisation = self.chance.choice(story.agencies) if agency else story.at_place[self.place[0]]
        self.person = self.chance.choice(story.people[self.organisation["id"]])
        self.programme = stored.PROGRAMMES[self.chance.random() < 0.3]
        self.owner = self.chance.choice(stored.OWNERS) if self.chance.random() < 0.9 else None
        self.row = self._asked()

    def _asked(self) -> Row:
        rare = self.chance.choices(self.story.years.words, cum_weights=self.story.years._uneven, k=25)
        name = self.place[1] if self.listed else f"{self.place[3].capitalize()} House"
        return {
            "id": self.story.new_id(self.received_at),
            "reference": self.reference,
            "stage": Stage.NEW.value,
            "version": 1,
            "channel": self.chance.choices(CHANNELS, CHANNEL_WEIGHTS)[0],
            "programme": self.programme,
            "establishment": name,
            "establishment_id": self.place[0] if self.listed else None,
            "contact_name": self.person["name"],
            "contact_role": None,
            "contact_email": self.person["email"],
            "contact_phone": self.person["phone"],
            "organisation": self.organisation["name"],
            "group_size": self.chance.randrange(6, 17),
            "message": " ".join([*_COMMON, *rare]),
            "received_at": self.received_at,
            "acknowledged_at": self.received_at + timedelta(seconds=9),
            "standing": "filed",
            "spam_score": 0,
            "spam_reasons": None,
            "filed_at": self.received_at + timedelta(seconds=2),
            "owner": self.owner,
            "waiting_on": "us",
            "waiting_since": None,
            "first_reply_due_at": clocks.first_reply_due(self.received_at, self.holidays),
            "first_reply_at": None,
            "last_word_at": None,
            "contact_id": self.person["id"],
            "organisation_id": self.organisation["id"] if self.listed else None,
            "merged_into": None,
            "stage_before_merge": None,
        }

    def tell(self) -> None:
        """Play it, and add its rows."""
        kind = self.chance.random()
        if kind < QUARANTINED:
            self._kept_aside()
        elif kind < QUARANTINED + MERGED and self.story.filled.references:
            self._merged()
        else:
            self._worked_on()
        self.story.add(asked, **self.row)
        self.story.filled.references.append(self.reference)
        said = plain_words(self.reference, self.programme, self.row["establishment"], self.person["name"])
        words = dict.fromkeys([*said, *plain_words(self.person["email"]), *self.row["message"].split()])
        entry = {"reference": self.reference, "received_at": self.received_at, "words": entry_of(words)}
        self.story.add(search_entries, **entry)

    def _kept_aside(self) -> None:
        self.row |= {"standing": "quarantined", "spam_score": 7, "spam_reasons": json.dumps(["several links"])}
        self.row |= {"filed_at": None, "first_reply_due_at": None, "contact_id": None, "acknowledged_at": None}
        if self._later(self.story.days(2)):
            self.row["stage"] = Stage.SPAM.value
            self._write("cleared", self.owner or "operator0")

    def _merged(self) -> None:
        into = self.chance.choice(self.story.filled.references[-200:])
        self.row |= {"standing": "merged", "stage": "duplicate", "stage_before_merge": "new", "merged_into": into}
        self._write("merged", "operator0", was="new", now="duplicate", about=into)

    def _worked_on(self) -> None:
        self._assign()
        self._plan(Stage.NEW)
        for here, there in itertools.pairwise(ALONG):
            # The first reply takes its own time: usually hours, at times far too long.
            wait = self.chance.choices((0.5, 1.5, 6), (70, 22, 8))[0] if here is Stage.NEW else DAYS_AT[here]
            if self.chance.random() < LOST_AT[here]:
                self._lose(here)
                return
            if here is Stage.NEW and not self._reply(wait):
                return
            if here is not Stage.NEW and not self._hear(wait):
                return
            if not self._move(here, there):
                return

    def _assign(self) -> None:
        if self.owner is not None:
            self._write("assigned", "operator0", now=self.owner)

    def _reply(self, days: float) -> bool:
        if not self._later(self.story.days(days)):
            return False
        self.row |= {"first_reply_at": self.at, "last_word_at": self.at}
        self._wait_on("prison")
        self._write("replied", self.owner or "operator0", words="Thank you for asking. When would a call suit you?")
        return True

    def _hear(self, days: float) -> bool:
        """Wait for the other side, which answers, and then answer them."""
        if not self._later(self.story.days(days / 2)):
            return False
        self._wait_on("us")
        self._write("answered", self.owner or "operator0", words="They would like to go on.")
        if not self._later(self.story.days(days / 2)):
            return False
        self._wait_on("funder" if self.chance.random() < 0.08 else "prison")
        self._write("replied", self.owner or "operator0", words="We have put together what is needed.")
        return True

    def _move(self, here: Stage, there: Stage) -> bool:
        if not self._later(self.story.days(0.3)):
            return False
        self._arrive(here, there)
        if there in OPEN:
            self._plan(there)
            self._answer(here)
        if there is Stage.NEXT_STEPS:
            self._offer()
        if there is Stage.AGREEMENT:
            self._agree()
        steps_back = here is not Stage.NEW and there in OPEN and self.chance.random() < 0.03
        if steps_back and self._later(self.story.days(1)):
            self._arrive(there, here)
            if self._later(self.story.days(2)):
                self._arrive(here, there)
                return True
            return False
        return True

    def _lose(self, here: Stage) -> None:
        ending = self.chance.choices(ENDINGS, ENDING_WEIGHTS)[0]
        if self._later(timedelta(days=44) if ending is Stage.LAPSED else self.story.days(8)):
            self._arrive(here, ending, words="No answer, or another time.")
            for task in self.tasks_open():
                task |= {"done_at": self.at, "done_by": "clock", "outcome": f"Closed: {ending.value}."}

    def tasks_open(self) -> list[Row]:
        """Give the tasks of this enquiry that are still open: they are the last that were added."""
        mine = self.story.rows[tasks][-12:]
        return [task for task in mine if task["reference"] == self.reference and task["done_at"] is None]

    def _arrive(self, was: Stage, now: Stage, words: str | None = None) -> None:
        self.row["stage"] = now.value
        self.row["version"] += 1
        self._write("moved", self.owner or "operator0", was=was.value, now=now.value, words=words)

    def _plan(self, stage: Stage) -> None:
        for play in plays_for(stage, self.programme):
            due = clocks.working_day_after(self.at, play.working_days, self.holidays)
            done_at = self.at + self.story.days(play.working_days)
            done = done_at <= self.story.now
            self.story.add(
                tasks,
                id=self.story.new_id(self.at),
                key=f"{self.reference}:{stage.value}:{play.key}",
                reference=self.reference,
                kind=play.kind,
                title=play.title,
                due_on=due,
                owner=None,
                created_at=self.at,
                created_by="playbook",
                done_at=done_at if done else None,
                done_by=(self.owner or "operator0") if done else None,
                outcome="Done." if done else None,
            )

    def _answer(self, stage: Stage) -> None:
        for item in items_of(self.programme):
            if item.stage is stage and self.chance.random() < 0.8:
                said = {"answer": "yes", "note": None, "at": self.at, "actor": self.owner or "operator0"}
                self.story.add(checklists, reference=self.reference, item=item.key, **said)

    def _offer(self) -> None:
        sent_at = self.at + self.story.days(3)
        if sent_at > self.story.now:
            return
        kind = CATALOGUE[self.programme]
        quantity = kind.sessions if kind.unit == "session" else 10
        pence = quantity * kind.unit_pence
        line = {"what": kind.name, "quantity": quantity, "unit": kind.each, "unit_pence": kind.unit_pence}
        until = day_in_london(sent_at) + timedelta(days=30)
        over = until < day_in_london(self.story.now)
        self.proposal = {
            "id": self.story.new_id(self.at),
            "reference": self.reference,
            "version": 1,
            "state": "expired" if over else "sent",
            "lines": json.dumps([line | {"pence": pence}]),
            "total_pence": pence,
            "cancellation_terms": "As agreed.",
            "notes": None,
            "valid_until": until,
            "created_at": self.at,
            "created_by": self.owner or "operator0",
            "sent_at": sent_at,
            "settled_at": sent_at + timedelta(days=31) if over else None,
        }
        self.story.rows[proposals].append(self.proposal)
        self._write("proposed", self.owner or "operator0", now="sent", about=str(self.proposal["id"]))

    def _agree(self) -> None:
        if not hasattr(self, "proposal"):
            return
        self.proposal |= {"state": "accepted", "settled_at": self.at}
        signed_at = self.at + self.story.days(4)
        signed = signed_at <= self.story.now
        agreement = self.story.new_id(self.at)
        kind = CATALOGUE[self.programme]
        self.story.add(
            agreements,
            id=agreement,
            proposal_id=self.proposal["id"],
            reference=self.reference,
            state="signed" if signed else "awaiting_signature",
            purchase_order=None,
            cancellation_terms="As agreed.",
            unit=kind.unit,
            agreed_units=json.loads(self.proposal["lines"])[0]["quantity"],
            created_at=self.at,
            signed_at=signed_at if signed else None,
            ended_at=None,
        )
        for side, name, at in (("prison", self.person["name"], self.at), ("us", "Sam Hill", signed_at)):
            if at <= self.story.now:
                said = {"side": side, "name": name, "role": None, "signed_at": at, "how": "link"}
                self.story.add(signatures, id=self.story.new_id(at), agreement_id=agreement, **said)

    def _wait_on(self, side: str) -> None:
        self.row |= {"waiting_on": side, "waiting_since": self.at, "last_word_at": self.at}

    def _later(self, gap: timedelta) -> bool:
        """Go on to a later moment; say whether it is not in the future."""
        if self.at + gap > self.story.now:
            return False
        self.at += gap
        return True

    def _write(
        self,
        kind: str,
        actor: str,
        *,
        was: str | None = None,
        now: str | None = None,
        about: str | None = None,
        words: str | None = None,
    ) -> None:
        entry = self.story.new_id(self.at)
        step = {"was": was, "now": now, "about": about}
        self.story.add(timeline, id=entry, reference=self.reference, at=self.at, actor=actor, kind=kind, **step)
        if words:
            self.story.add(timeline_words, entry_id=entry, words=words, erased_at=None)


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(table.insert(), rows)
        return
    names = list(rows[0])
    columns = ", ".join(f'"{name}"' for name in names)
    raw = connection.connection.driver_connection
    assert raw is not None
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    with raw.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])
