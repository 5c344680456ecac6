"""Fills a scheduling database with years of runs for the console's bench, on either kind of database.

80 facilitators, 120 establishments, and as many sessions as asked for, spread evenly over the years that end a year
after today. What is drawn is drawn from one seed. Nobody is booked twice: the database would refuse it. Past runs were
held, mostly; one in five of the coming ones is a draft or on hold; papers, offers and leave lie around today.
"""

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select, text

from services.scheduling import tables
from services.scheduling.domain.outcomes import CAUSES, PARTIES
from services.scheduling.domain.programmes import CATALOGUE, MANY_FACES
from services.scheduling.records.runs import programme_row
from shared.holidays import bank_holidays_of
from shared.persistence.database import Database

FACILITATORS, PLACES = 80, 120
CLEARED_AT = 0.2
"""The share of establishments that a facilitator is cleared for."""
SESSIONS = MANY_FACES.sessions
WINDOWS = {"am": (time(8, 30), time(11, 30)), "pm": (time(13, 45), time(16, 45))}
CHUNK = 5_000
_LONDON = ZoneInfo("Europe/London")
_WEEK = timedelta(weeks=1)
_HOLIDAYS = bank_holidays_of("england-and-wales")


@dataclass
class Years:
    """What was stored: ids of runs and sessions in no order, of people and of places."""

    today: date
    weeks: int
    chance: random.Random
    people: list[UUID] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    cleared: dict[str, list[UUID]] = field(default_factory=dict)
    runs: list[UUID] = field(default_factory=list)
    sessions: list[UUID] = field(default_factory=list)
    rows: dict[Table, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    taken: set[tuple[UUID, date]] = field(default_factory=set)

    def __post_init__(self) -> None:
        ids = itertools.count(1_000_000)
        self.new_id = lambda: UUID(int=next(ids))

    @property
    def first(self) -> date:
        """The Monday on which the first runs may begin: the last ones end a year after today."""
        return self.today - timedelta(days=self.today.weekday()) + timedelta(weeks=52 - self.weeks)


def sessions(database: Database, count: int, *, years: int = 3, today: date | None = None, seed: int = 1) -> Years:
    """Store `count` sessions or a few more over so many years into migrated, empty tables; give what was stored.

    Rows of programmes that are there already stay; all else is new. Leaves the database analysed.
    """
    day = today or datetime.now(_LONDON).date()
    stored = Years(day, years * 52, random.Random(seed))
    _places(stored)
    _people(stored)
    stored_so_far = 0
    while stored_so_far < count:
        stored_so_far += _one_run(stored)
    _leave(stored)
    _around_today(stored)
    _write(database, stored)
    return stored


def _write(database: Database, stored: Years) -> None:
    with database.writing() as connection:
        known = set(connection.scalars(select(tables.programmes.c.slug)))
        stored.rows[tables.programmes] += [programme_row(each) for slug, each in CATALOGUE.items() if slug not in known]
        for table in tables.metadata.sorted_tables:
            rows = stored.rows.get(table, [])
            for begin in range(0, len(rows), CHUNK):
                connection.execute(table.insert(), rows[begin : begin + CHUNK])
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not database.is_sqlite:
            connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("ANALYZE"))
        if not database.is_sqlite:
            connection.execute(text("RESET statement_timeout"))


def _places(stored: Years) -> None:
    chance, add = stored.chance, stored.rows
    for number in range(PLACES):
        place = f"P{number:03}"
        stored.places.append(place)
        add[tables.establishments].append(
            {
                "id": place,
                "name": f"{place} (HMP)",
                "town": f"{place}ton",
                "nation": "wales" if number % 20 == 0 else "england",
                "active": True,
                "required_level": "standard",
                "version": 1,
                "latitude": chance.uniform(51, 54),
                "longitude": chance.uniform(-3, 0),
            }
        )
        add[tables.rooms] += [
            {"id": stored.new_id(), "establishment_id": place, "name": name, "capacity": 20, "active": True}
            for name in ("Chapel", "Classroom 2")
        ]
        for weekday, (name, (start, end)) in itertools.product(range(5), WINDOWS.items()):
            window = {"establishment_id": place, "weekday": weekday, "name": name, "valid_from": date(2000, 1, 1)}
            add[tables.regime_windows].append({**window, "start": start, "end": end})
        christmas = {"first": date(2000, 12, 21), "last": date(2001, 1, 3), "why": "Christmas", "yearly": True}
        training = stored.today + timedelta(days=chance.randrange(-300, 300))
        closed = {"first": training, "last": training + timedelta(days=1), "why": "staff training", "yearly": False}
        for each in (christmas, closed):
            add[tables.blackouts].append({"id": stored.new_id(), "establishment_id": place, **each})


def _people(stored: Years) -> None:
    chance, add, today = stored.chance, stored.rows, stored.today
    for number in range(FACILITATORS):
        person = stored.new_id()
        stored.people.append(person)
        add[tables.facilitators].append(
            {
                "id": person,
                "name": f"Facilitator {number:02}",
                "email": f"facilitator{number}@facilitators.example",
                "added_at": _at(today - timedelta(days=1500)),
                "insured_until": today + timedelta(days=chance.randrange(30, 900)),
                "latitude": chance.uniform(51, 54),
                "longitude": chance.uniform(-3, 0),
                "travel_limit_minutes": 300 if number % 10 == 0 else None,
            }
        )
        held = {"facilitator_id": person, "kind": "NADA", "valid_from": today - timedelta(days=1500)}
        if chance.random() < 0.6:
            add[tables.accreditations].append({"id": stored.new_id(), **held})
    for place in stored.places:
        stored.cleared[place] = [person for person in stored.people if chance.random() < CLEARED_AT]
        for person in stored.cleared[place]:
            until = today + timedelta(days=chance.randrange(30, 1000))
            span = {"valid_from": today - timedelta(days=1500), "valid_until": until}
            one = {"facilitator_id": person, "establishment_id": place, "level": "standard", **span}
            add[tables.clearances].append({"id": stored.new_id(), **one})


def _leave(stored: Years) -> None:
    """Add leave each quarter: mostly where nobody is needed, sometimes over sessions that need cover then."""
    chance = stored.chance
    for person, week in itertools.product(stored.people, range(52 - stored.weeks, 52, 13)):
        first = stored.today + timedelta(weeks=week, days=chance.randrange(80))
        days = [first + timedelta(days=day) for day in range(chance.randrange(1, 14))]
        if chance.random() < 0.1 or not any((person, day) in stored.taken for day in days):
            span = {"first": days[0], "last": days[-1]}
            stored.rows[tables.leave].append({"id": stored.new_id(), "facilitator_id": person, **span})


def _weekly(first: date) -> list[date]:
    """Give the dates of a run: weekly, past bank holidays and Christmas."""
    weeks = (first + _WEEK * week for week in itertools.count())
    open_days = (on for on in weeks if on not in _HOLIDAYS and not _is_christmas(on))
    return list(itertools.islice(open_days, SESSIONS))


def _is_christmas(on: date) -> bool:
    return (on.month, on.day) >= (12, 21) or (on.month, on.day) <= (1, 3)


def _one_run(stored: Years) -> int:
    """Draw a run that two people can take; each takes one session a day at most. Give how many sessions it has."""
    chance = stored.chance
    place, window = chance.choice(stored.places), chance.choice(tuple(WINDOWS))
    weekday = chance.randrange(5)
    first = stored.first + timedelta(days=weekday, weeks=chance.randrange(stored.weeks - SESSIONS - 3))
    dates = _weekly(first)
    free = [each for each in stored.cleared[place] if not any((each, on) in stored.taken for on in dates)]
    if len(free) < 2:
        return 0
    team = chance.sample(free, 2)
    stored.taken |= {(person, on) for person in team for on in dates}
    run, state = stored.new_id(), _state(stored, dates)
    stored.runs.append(run)
    _add_run(stored, run, state, place, dates, window, team)
    for number, on in enumerate(dates, start=1):
        _add_session(stored, run, state, number, on, WINDOWS[window], team)
    return SESSIONS


def _state(stored: Years, dates: list[date]) -> str:
    if dates[-1] < stored.today:
        return "completed"
    if dates[0] < stored.today:
        return "confirmed"
    return stored.chance.choices(("confirmed", "held", "draft"), (80, 10, 10))[0]


def _add_run(
    stored: Years, run: UUID, state: str, place: str, dates: list[date], window: str, team: list[UUID]
) -> None:
    reference, planned = f"KT-B{len(stored.runs):06}", _at(min(stored.today, dates[0]) - timedelta(days=120))
    programme = {"programme": MANY_FACES.slug, "programme_version": 1}
    asked = {"reference": reference, "programme": MANY_FACES.slug, "establishment_id": place, "group_size": 10}
    stored.rows[tables.enquiries].append({**asked, "stage": "won", "version": 2})
    slot = {"slot_start": dates[0], "slot_weekday": dates[0].weekday(), "slot_window": window}
    stored.rows[tables.runs].append(
        {
            "id": run,
            "enquiry": reference,
            "establishment_id": place,
            **programme,
            "state": state,
            "version": 2,
            "planned_at": planned,
            "confirmed_at": None if state in {"draft", "held"} else planned,
            "group_size": 10,
            **slot,
        }
    )
    stored.rows[tables.run_facilitators] += [
        {"run_id": run, "place": number, "facilitator_id": person} for number, person in enumerate(team)
    ]
    if state == "held":
        hold = {"rank": 1, "state": "active", "placed_by": "operator", "told": 1}
        until = stored.today + timedelta(days=stored.chance.randrange(1, 14))
        span = {"placed_at": _at(stored.today - timedelta(days=3)), "expires_on": until}
        stored.rows[tables.holds].append({"id": stored.new_id(), "run_id": run, **hold, **span})


def _add_session(
    stored: Years, run: UUID, run_state: str, number: int, on: date, hours: tuple[time, time], team: list[UUID]
) -> None:
    state = "planned"
    if run_state != "draft" and on < stored.today:
        state = stored.chance.choices(("delivered", "cancelled", "part_delivered"), (90, 7, 3))[0]
    session = stored.new_id()
    stored.sessions.append(session)
    start, end = hours
    instants = {name: _instant(on, at) for name, at in (("starts_at", start), ("ends_at", end))}
    of_run = {"id": session, "run_id": run, "number": number, "state": state}
    when = {"date": on, "start": start, "end": end, "zone": "Europe/London", **instants}
    stored.rows[tables.sessions].append({**of_run, **when})
    cover = stored.chance.random() < 0.03
    stored.rows[tables.assignments] += [
        {
            "session_id": session,
            "facilitator_id": person,
            "place": place,
            "role": "cover" if cover and place else "regular",
        }
        for place, person in enumerate(team)
    ]
    if run_state != "draft" and state != "cancelled":
        booked = {"session_id": session, "room_id": None, **instants}
        stored.rows[tables.bookings] += [{"id": stored.new_id(), "facilitator_id": person, **booked} for person in team]
    if state != "planned":
        _add_outcome(stored, session, state, on)


def _add_outcome(stored: Years, session: UUID, state: str, on: date) -> None:
    chance = stored.chance
    why = (None, None) if state == "delivered" else (chance.choice(CAUSES), chance.choice(PARTIES))
    stored.rows[tables.outcomes].append(
        {
            "id": stored.new_id(),
            "session_id": session,
            "state": state,
            "reason": why[0],
            "party": why[1],
            "chargeable": state != "cancelled" or chance.random() < 0.3,
            "recorded_at": _instant(on, time(17)),
            "recorded_by": "operator",
        }
    )
    # Some registers of the last weeks are still to come.
    if state != "cancelled" and (on < stored.today - timedelta(weeks=4) or chance.random() < 0.9):
        came = chance.randrange(4, 11)
        counts = {"expected": 10, "attended": came, "late": 0, "left_early": 0, "absent": {"not_known": 10 - came}}
        said = {"submitted_at": _instant(on, time(18)), "submitted_by": "operator"}
        stored.rows[tables.attendance].append({"session_id": session, **counts, **said})


def _around_today(stored: Years) -> None:
    """Add memos of most runs to come, kit that was asked about, and offers that are open."""
    chance, today = stored.chance, stored.today
    coming: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in stored.rows[tables.sessions]:
        if row["date"] >= today:
            coming[row["run_id"]].append(row)
    running = [run for run in stored.rows[tables.runs] if run["state"] == "confirmed" and run["id"] in coming]
    for run in running:
        if chance.random() < 0.85:
            stored.rows[tables.gate_memos].append(_memo(stored, run, coming[run["id"]]))
    for place in stored.places[::6]:
        one = {"establishment_id": place, "item": "acupuncture needles", "state": "requested"}
        stored.rows[tables.kit_approvals].append({**one, "at": _at(today - timedelta(days=9)), "by": "operator"})
    offered = {"session_ids": [], "role": "cover", "state": "open", "made_by": "operator"}
    for run in running[:25]:
        span = {"made_at": _at(today), "answer_by": _at(today + timedelta(days=2))}
        whom = {"run_id": run["id"], "facilitator_id": chance.choice(stored.people)}
        stored.rows[tables.offers].append({"id": stored.new_id(), **whom, **offered, **span})


def _memo(stored: Years, run: dict[str, Any], sessions: list[dict[str, Any]]) -> dict[str, Any]:
    state = stored.chance.choices(("approved", "sent", "draft", "out_of_date"), (70, 15, 10, 5))[0]
    first = sessions[0]["date"]
    names = {row["id"]: row["name"] for row in stored.rows[tables.facilitators]}
    team = [row["facilitator_id"] for row in stored.rows[tables.run_facilitators] if row["run_id"] == run["id"]]
    dates = [each["date"].isoformat() for each in sessions]
    content = {
        "reference": run["enquiry"],
        "organisation": "Keytalk",
        "establishment": f"{run['establishment_id']} (HMP)",
        "visits": [
            {
                "session": str(each["id"]),
                "number": each["number"],
                "date": each["date"].isoformat(),
                "start": each["start"].isoformat("minutes"),
                "end": each["end"].isoformat("minutes"),
                "arrive_by": each["start"].replace(minute=15).isoformat("minutes"),
                "people": [str(person) for person in team],
            }
            for each in sessions
        ],
        "people": [
            {"id": str(person), "name": names[person], "vehicle": None, "entry": "Escort needed", "dates": dates}
            for person in team
        ],
        "equipment": [],
    }
    return {
        "id": stored.new_id(),
        "run_id": run["id"],
        "state": state,
        "version": 1,
        "purpose": "Group programme",
        "due_on": first - timedelta(days=14),
        "content": content,
        "fingerprint": "0" * 64,
        "made_at": _at(stored.today - timedelta(days=20)),
        "made_by": "operator",
    }


def _at(on: date) -> datetime:
    return _instant(on, time(9))


def _instant(on: date, at: time) -> datetime:
    return datetime.combine(on, at, _LONDON).astimezone(UTC)
