"""The people, places and calendars these tests share; people are invented, bank holidays written out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import count
from uuid import UUID

from services.scheduling.domain.calendar import (
    Blackout,
    EstablishmentCalendar,
    Regime,
    Window,
    default_blackouts,
)
from services.scheduling.domain.clearances import Clearance
from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.facilitators import Facilitator
from services.scheduling.domain.facts import Booking, Facts
from services.scheduling.domain.programmes import CATALOGUE, Programme
from services.scheduling.domain.runs import Run, Session

TUESDAY, WEDNESDAY, THURSDAY = 1, 2, 3
MANY_FACES = CATALOGUE["many-faces-of-trauma"]
UNLOCKING = CATALOGUE["unlocking-the-key-to-compassion"]

TOM, ANA, LEE = UUID(int=1), UUID(int=2), UUID(int=3)
NAMES = {TOM: "Tom Okafor", ANA: "Ana Reyes", LEE: "Lee Marsh"}
PEOPLE = {each: Facilitator(each, name) for each, name in NAMES.items()}

RISLEY = Establishment("RSI", "Risley (HMP)", active=True, nation="england", town="Warrington")

BANK_HOLIDAYS = {
    dt.date(2026, 12, 25): "Christmas Day",
    dt.date(2026, 12, 28): "Boxing Day",
    dt.date(2027, 1, 1): "New Year’s Day",
    dt.date(2027, 3, 26): "Good Friday",
    dt.date(2027, 3, 29): "Easter Monday",
    dt.date(2027, 5, 3): "Early May bank holiday",
    dt.date(2027, 5, 31): "Spring bank holiday",
    dt.date(2027, 8, 30): "Summer bank holiday",
    dt.date(2027, 12, 27): "Christmas Day",
    dt.date(2027, 12, 28): "Boxing Day",
}


def at(clock: str) -> dt.time:
    return dt.time.fromisoformat(clock)


def hours(am: str = "08:30-11:45", pm: str = "13:45-16:45", days: Iterable[int] = range(7)) -> Regime:
    named = {name: window(text) for name, text in (("am", am), ("pm", pm)) if text}
    return Regime({(day, name): each for day in days for name, each in named.items()})


def window(text: str) -> Window:
    start, _, end = text.partition("-")
    return Window(at(start), at(end))


def calendar(regime: Regime | None = None, blackouts: tuple[Blackout, ...] | None = None) -> EstablishmentCalendar:
    closures = default_blackouts() if blackouts is None else blackouts
    return EstablishmentCalendar(regime or hours(), closures, BANK_HOLIDAYS)


def cleared(
    who: UUID,
    where: str = "RSI",
    since: str = "2026-01-01",
    until: str = "2028-12-31",
    level: str = "standard",
) -> Clearance:
    return Clearance(who, where, level, dt.date.fromisoformat(since), dt.date.fromisoformat(until))


def facts(
    *,
    establishment: Establishment = RISLEY,
    programme: Programme = MANY_FACES,
    regime: Regime | None = None,
    clearances: tuple[Clearance, ...] | None = None,
    bookings: tuple[Booking, ...] = (),
) -> Facts:
    held = (cleared(TOM), cleared(ANA)) if clearances is None else clearances
    return Facts(establishment, calendar(regime), programme, PEOPLE, held, bookings)


def session(
    on: str = "2027-01-12",
    start: str = "13:45",
    end: str = "16:45",
    number: int = 1,
    people: tuple[UUID, ...] = (TOM, ANA),
) -> Session:
    return Session(
        UUID(int=1000 + number), number, dt.date.fromisoformat(on), at(start), at(end), facilitator_ids=people
    )


def booking(who: UUID, start: str, end: str, where: str = "RSI", what: str = "another run") -> Booking:
    return Booking(who, where, dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end), what)


def run(*sessions: Session, state: str = "draft") -> Run:
    return Run(UUID(int=9), "KT-7F3K-92", "RSI", MANY_FACES.slug, state, (TOM, ANA), sessions)


def ids():
    numbers = count(100)
    return lambda: UUID(int=next(numbers))
