"""A confirmed run at Risley and the people about it, on either database: what the tests of cover and offers share."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.engine import URL, make_url

from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.commands import MakeOffer
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.runs import Run, Session, Slot
from services.scheduling.handlers import coming_off, offers, people, places, programmes
from services.scheduling.queries.cover import get_cover
from services.scheduling.records import book, load_run, save_draft
from services.scheduling.tables import enquiries, messaging, metadata, regime_windows
from shared.clock import fixed_clock
from shared.contracts.base import contract_for
from shared.messaging.envelope import Envelope
from shared.persistence.database import Database
from shared.persistence.migrations import migrate
from shared.persistence.work import Store

MONDAY_1640 = dt.datetime(2027, 1, 18, 16, 40, tzinfo=dt.UTC)
# Worked out from a calendar: every Tuesday from 12 January to 27 April 2027; none is a bank holiday.
TUESDAYS = tuple(dt.date(2027, 1, 12) + dt.timedelta(weeks=week) for week in range(16))
REFERENCE = "KT-7F3K-92"
RUN_ID = UUID(int=900)


def new_database(kind: str, folder: Any, request: Any) -> Database:
    """Make an empty database with the service's migrations: `kind` is sqlite (a file in `folder`) or postgres."""
    if kind == "sqlite":
        url = URL.create("sqlite", database=str(folder / "scheduling.sqlite3"))
    else:
        address = request.getfixturevalue("postgres").new_database("scheduling")
        url = make_url(address).set(drivername="postgresql+psycopg")
    migrate("scheduling", url)
    return Database(url, pool_size=8)


def session_id(number: int) -> UUID:
    return UUID(int=9000 + number)


SECOND = session_id(2)


class Risley:
    """A database emptied, with 16 Tuesdays at Risley that Tom and Ana lead; Lee and Max are cleared, not Kim."""

    def __init__(self, database: Database, now: dt.datetime = MONDAY_1640) -> None:
        self.store = Store(database, messaging, fixed_clock(now), "scheduling")
        with database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        with self.store.work() as work:
            programmes.load_catalogue(work)
            for id_, name in (("RSI", "Risley (HMP)"), ("STI", "Styal (HMP & YOI)")):
                places.save_establishment(
                    work, Establishment(id_, name, active=True, nation="england", town="Warrington")
                )
                self._open_on_weekdays(work, id_)
            names = ("Tom Okafor", "Ana Reyes", "Lee Whitfield", "Kim Noor", "Max Bell")
            first = {name: name.split()[0].lower() for name in names}
            self.ids = {
                short: people.add_facilitator(work, name, f"{short}@facilitators.example")
                for name, short in first.items()
            }
            for who in ("tom", "ana", "lee", "max"):
                people.grant_clearance(
                    work, Clearance(self.ids[who], "RSI", "standard", dt.date(2026, 1, 1), dt.date(2028, 1, 1))
                )
            self.add_run(work, RUN_ID, REFERENCE, TUESDAYS, ("tom", "ana"), first_id=9001)

    def _open_on_weekdays(self, work: Any, id_: str) -> None:
        windows = {"am": ("08:30", "11:45"), "pm": ("13:45", "16:45")}
        rows = [
            {
                "establishment_id": id_,
                "weekday": day,
                "name": name,
                "valid_from": dt.date(2000, 1, 1),
                "start": dt.time.fromisoformat(start),
                "end": dt.time.fromisoformat(end),
            }
            for day in range(5)
            for name, (start, end) in windows.items()
        ]
        work.connection.execute(insert(regime_windows), rows)

    def add_run(
        self,
        work: Any,
        run_id: UUID,
        reference: str,
        dates: tuple[dt.date, ...],
        team: tuple[str, ...],
        *,
        first_id: int,
        where: str = "RSI",
        start: str = "13:45",
        end: str = "16:45",
    ) -> None:
        """Have a confirmed run stand, as if it had been planned and confirmed before."""
        ids = tuple(self.ids[who] for who in team)
        stands = tuple(
            Session(
                UUID(int=first_id + place),
                place + 1,
                on,
                dt.time.fromisoformat(start),
                dt.time.fromisoformat(end),
                facilitator_ids=ids,
            )
            for place, on in enumerate(dates)
        )
        asked = {"programme": "many-faces-of-trauma", "establishment_id": where, "stage": "won", "version": 6}
        work.connection.execute(insert(enquiries), {"reference": reference, **asked})
        slot = Slot(dates[0], dates[0].weekday(), "pm" if start >= "12" else "am")
        slug = "many-faces-of-trauma"
        run = Run(run_id, reference, where, slug, "confirmed", ids, stands, slot=slot, group_size=10, told=1)
        save_draft(work.connection, run, work.now)
        book(work.connection, run)

    def at(self, now: str) -> Risley:
        """Give the same at another time, with an offset."""
        other = object.__new__(Risley)
        other.ids = self.ids
        other.store = replace(self.store, clock=fixed_clock(dt.datetime.fromisoformat(now)))
        return other

    def withdraw(self, who: str, *sessions: UUID) -> UUID:
        with self.store.work() as work:
            return coming_off.withdraw_from_session(work, sessions or (SECOND,), self.ids[who], actor="Priya")

    def offer(self, who: str, *sessions: UUID, role: Any = "cover", instead_of: str | None = "ana") -> UUID:
        stands_in_for = self.ids[instead_of] if instead_of else None
        asked = MakeOffer(sessions or (SECOND,), self.ids[who], role, stands_in_for)
        with self.store.work() as work:
            return offers.make_offer(work, asked, actor="Priya")

    def accept(self, offer: UUID) -> None:
        with self.store.work() as work:
            offers.accept_offer(work, offer, actor="by link")

    def decline(self, offer: UUID) -> None:
        with self.store.work() as work:
            offers.decline_offer(work, offer)

    def take_back(self, offer: UUID) -> None:
        with self.store.work() as work:
            offers.withdraw_offer(work, offer)

    def run(self, run_id: UUID = RUN_ID) -> Run:
        with self.store.database.reading() as connection:
            return load_run(connection, run_id)

    def leads(self, number: int) -> set[str]:
        """Give who leads a session of the run, by number."""
        names = {id_: who for who, id_ in self.ids.items()}
        [session] = [each for each in self.run().live if each.number == number]
        return {names[each] for each in session.facilitator_ids}

    def cover(self, session: UUID = SECOND) -> dict[str, Any]:
        with self.store.database.reading() as connection:
            return get_cover(connection, session)

    def rows(self, table: Any) -> list[Any]:
        with self.store.database.reading() as connection:
            return list(connection.execute(select(table)))

    def told(self, kind: type) -> list[Any]:
        """Give the events of a kind that were recorded, in order."""
        with self.store.database.reading() as connection:
            raw = connection.scalars(select(messaging.outbox.c.envelope).order_by(messaging.outbox.c.seq)).all()
        events = [contract_for(each.type).load(each.data) for each in map(Envelope.from_json, raw)]
        return [event for event in events if isinstance(event, kind)]

    def everything_stored(self) -> str:
        """Give every row of every table as text."""
        with self.store.database.reading() as connection:
            tables = metadata.sorted_tables
            return "\n".join(repr(tuple(row)) for table in tables for row in connection.execute(select(table)))
