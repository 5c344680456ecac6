"""Runs that were kept in a spreadsheet, one line a session: see docs/importing.md for the columns.

A run comes in whole or not at all. What was delivered is history, what is planned takes everybody's time as the
sessions of a confirmed run do. Nobody is told, unless that is asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate
from sqlalchemy import select, update

from services.scheduling.domain.planner import review
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import Run, Session, Slot
from services.scheduling.domain.words import counted, in_words
from services.scheduling.handlers import telling
from services.scheduling.handlers.planning import hold_facilitators, taking_time
from services.scheduling.handlers.settling_holds import convert_hold
from services.scheduling.people_importer import facilitator_called
from services.scheduling.records import (
    book,
    facts_about,
    load_bookings,
    load_establishment,
    load_programme,
    load_run,
    save_draft,
)
from services.scheduling.schemas import DATE, TIME, one_of, read
from services.scheduling.sheets import Report, Row, rows_of
from services.scheduling.tables import enquiries, facilitators, runs
from shared.clock import day_in_london
from shared.errors import Refused
from shared.persistence.contention import one_after_another
from shared.persistence.work import UnitOfWork

COLUMNS = ("enquiry", "prison_id", "programme", "facilitators", "number", "date", "start", "end", "state")
SAME_ON_EACH_LINE = ("prison_id", "programme", "mode", "group_size")
STATES = ("delivered", "planned", "cancelled")

_OURS = re.compile(r"KT-[A-Z0-9]{4}-[A-Z0-9]{2}")
_A_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,19}")
# A letter, four digits, two letters: the shape of a prison number, which has no place here.
_PRISON_NUMBER = re.compile(r"[A-Z][0-9]{4}[A-Z]{2}", re.IGNORECASE)


class _LineSchema(Schema):
    """One line: one session."""

    number = fields.Integer(
        required=True,
        validate=validate.Range(1, 99, error="Give the session's number, from 1 to 99."),
        error_messages={"invalid": "Give the session's number, from 1 to 99."},
    )
    date = fields.Date(required=True, error_messages=DATE)
    start = fields.Time(required=True, error_messages=TIME)
    end = fields.Time(required=True, error_messages=TIME)
    state = fields.String(required=True, validate=one_of(STATES))
    mode = fields.String(validate=one_of(("in_person", "remote")))
    group_size = fields.Integer(
        validate=validate.Range(1, 100, error="Give how many people, from 1 to 100."),
        error_messages={"invalid": "Give how many people, as a whole number."},
    )


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    row: Row
    session: Session


@dataclass
class RunsReport(Report):
    """A report with the runs that came in: each one's `enquiry`, `run`, `state`, sessions by state, and open rules.

    `open_rules` has the numbers of sessions to come by the rule that they do not keep.
    """

    runs: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain data."""
        return {**super().as_dict(), "runs": self.runs}


def import_runs(work: UnitOfWork, csv_text: str, *, actor: str, tell: bool = False) -> RunsReport:
    """Take in runs that are under way or over; with `tell`, those who take part are told as when a run is confirmed.

    A draft for the same enquiry is replaced, the same run a second time is left as it is. Raises `Refused("invalid")`
    when columns are missing.
    """
    report = RunsReport()
    for reference, rows in _by_run(csv_text).items():
        refused_before = len(report.refused)
        try:
            lines = _lines(work, rows, report)
            if len(report.refused) > refused_before:
                raise Refused("invalid", f"The whole run is left out: {_faults(report, refused_before)}.")
            with work.connection.begin_nested():
                _take_in(work, reference, lines, report, actor=actor, tell=tell)
        except Refused as refusal:
            report.refuse(rows[0][0], reference, refusal)
    return report


def _faults(report: RunsReport, since: int) -> str:
    return "see " + ", ".join(f"line {each['line']}" for each in report.refused[since:])


def _by_run(csv_text: str) -> dict[str, list[tuple[int, Row]]]:
    grouped: dict[str, list[tuple[int, Row]]] = {}
    for line, row in rows_of(csv_text, COLUMNS):
        grouped.setdefault(row["enquiry"], []).append((line, row))
    return grouped


def _lines(work: UnitOfWork, rows: Sequence[tuple[int, Row]], report: RunsReport) -> list[_Line]:
    """Read the lines of a run; those that cannot be read are noted in the report."""
    found, people = [], _People(work)
    for line, row in rows:
        try:
            found.append(_Line(line, row, _session(work, row, people)))
        except Refused as refusal:
            report.refuse(line, row["enquiry"], refusal)
    return found


class _People:
    """Facilitators by address, each looked up once."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._known: dict[str, UUID | None] = {}

    def named(self, cell: str) -> tuple[UUID, ...]:
        """Give the people of a cell with addresses, semicolons or spaces between them."""
        addresses = cell.replace(";", " ").replace(",", " ").lower().split()
        found = {each: self._find(each) for each in addresses}
        missing = [each for each, person in found.items() if person is None]
        if missing or not found:
            why = f"No facilitator is on file as {', '.join(missing)}." if missing else "Give one address at least."
            raise Refused("invalid", why, {"facilitators": [why]})
        return tuple(person for person in found.values() if person is not None)

    def _find(self, email: str) -> UUID | None:
        if email not in self._known:
            self._known[email] = facilitator_called(self._work.connection, email)
        return self._known[email]


def _session(work: UnitOfWork, row: Row, people: _People) -> Session:
    said = read(_LineSchema(), **{name: row[name] for name in _LineSchema().fields if row.get(name)})
    today = day_in_london(work.now)
    if said["state"] == "delivered" and said["date"] > today:
        why = f"A session on {in_words(said['date'])} cannot have been delivered yet. Write planned."
        raise Refused("invalid", why, {"state": [why]})
    wanted = {name: said[name] for name in ("number", "date", "start", "end", "state")}
    try:
        return Session(work.new_id(), facilitator_ids=people.named(row["facilitators"]), **wanted)
    except ValueError as error:
        name, _colon, sentence = str(error).partition(": ")
        raise Refused("invalid", sentence, {name: [sentence]}) from None


def _take_in(
    work: UnitOfWork, reference: str, lines: list[_Line], report: RunsReport, *, actor: str, tell: bool
) -> None:
    _refuse_reference(work, reference, tell=tell)
    _refuse_unlike_lines(lines)
    mine = select(runs.c.id, runs.c.state, runs.c.version).where(runs.c.enquiry == reference)
    with one_after_another():
        known = work.connection.execute(mine.with_for_update()).first()
    run, programme = _run_of(work, reference, lines, known.id if known else work.new_id())
    if known is not None and known.state != "draft":
        _refuse_other(work, known.id, run)
        report.count("unchanged")
        return
    if known is not None:
        run = replace(run, version=known.version + 1)
    _save(work, run, programme, actor=actor, tell=tell)
    report.count("changed" if known else "added")
    report.runs.append(_told(work, run, programme))


def _refuse_reference(work: UnitOfWork, reference: str, *, tell: bool) -> None:
    """Allow an enquiry's reference, or a key of the spreadsheet's own that is nobody's number."""
    known = work.connection.scalar(select(enquiries.c.reference).where(enquiries.c.reference == reference))
    if known is not None:
        return
    if _OURS.fullmatch(reference.upper()):
        why = f"There is no enquiry {reference}. Look at it again, or write a key of your own."
    elif _PRISON_NUMBER.fullmatch(reference):
        why = "This looks like the number of a person in prison. Write a key that stands for the run alone."
    elif not _A_KEY.fullmatch(reference):
        why = "Write an enquiry's reference, or a key of your own: up to 20 letters, digits, and . _ / or - between."
    elif tell:
        why = "Nobody can be told of a run that no enquiry is behind. Import it without telling people."
    else:
        return
    raise Refused("invalid", why, {"enquiry": [why]})


def _refuse_unlike_lines(lines: list[_Line]) -> None:
    first = lines[0]
    for line in lines:
        for name in SAME_ON_EACH_LINE:
            if line.row.get(name, "") != first.row.get(name, ""):
                why = f"It is the same on each line of a run, and lines {first.number} and {line.number} differ."
                raise Refused("invalid", why, {name: [why]})
    live = sorted((each for each in lines if each.session.is_live), key=lambda each: each.session.number)
    if not live:
        why = "A run needs a session that was held or is to be."
        raise Refused("invalid", why, {"state": [why]})
    for one, next_one in pairwise(live):
        _refuse_out_of_order(one, next_one)


def _refuse_out_of_order(one: _Line, next_one: _Line) -> None:
    if one.session.number == next_one.session.number:
        why = f"Session {one.session.number} stands on lines {one.number} and {next_one.number}. Cancel or drop one."
        raise Refused("invalid", why, {"number": [why]})
    if next_one.session.date <= one.session.date:
        why = (
            f"Session {next_one.session.number} (line {next_one.number}) has to fall on a later day than session "
            f"{one.session.number} (line {one.number})."
        )
        raise Refused("invalid", why, {"date": [why]})


def _run_of(work: UnitOfWork, reference: str, lines: list[_Line], run_id: UUID) -> tuple[Run, Programme]:
    row = lines[0].row
    establishment = load_establishment(work.connection, row["prison_id"])
    programme = load_programme(work.connection, row["programme"])
    sessions = _in_their_place([each.session for each in lines])
    live = [each for each in sessions if each.is_live]
    ahead = [each for each in live if each.state == "planned"]
    # What is planned is what dates are made anew from, where there is any.
    model = min(ahead or live, key=lambda each: each.date)
    run = Run(
        id=run_id,
        enquiry=reference,
        establishment_id=establishment.id,
        programme=programme.slug,
        programme_version=programme.version,
        state="confirmed" if ahead else "completed",
        facilitator_ids=_team(live),
        sessions=sessions,
        slot=Slot(
            start=min(each.date for each in live),
            weekday=model.date.weekday() if programme.cadence == "weekly" else None,
            time=model.start,
        ),
        mode="remote" if row.get("mode") == "remote" else "in_person",
        group_size=int(row["group_size"]) if row.get("group_size") else None,
    )
    return run, programme


def _in_their_place(sessions: list[Session]) -> tuple[Session, ...]:
    """Give the sessions, each that stands in the place of a cancelled one saying so."""
    fell_out = {each.number: each.id for each in sessions if not each.is_live}
    return tuple(
        replace(each, supersedes=fell_out[each.number]) if each.is_live and each.number in fell_out else each
        for each in sessions
    )


def _team(live: list[Session]) -> tuple[UUID, ...]:
    """Give the regular team: whoever leads at least half of the sessions, in the order they are named."""
    led = Counter(person for each in live for person in each.facilitator_ids)
    return tuple(person for person, count in led.items() if 2 * count >= len(live))


def _refuse_other(work: UnitOfWork, run_id: UUID, wanted: Run) -> None:
    """Raise `Refused` unless the run on file is the one that is wanted, session by session."""
    on_file = load_run(work.connection, run_id)
    if _outline(on_file) != _outline(wanted):
        why = f"A run for {wanted.enquiry} is on file already, and it differs. Change it with keytalk runs."
        raise Refused("conflict", why, {"enquiry": [why]})


def _outline(run: Run) -> tuple[Any, ...]:
    lines = [
        (each.number, each.date, each.start, each.end, each.state, frozenset(each.facilitator_ids))
        for each in run.sessions
    ]
    return (run.establishment_id, run.programme, sorted(lines, key=lambda line: line[:5]))


def _save(work: UnitOfWork, run: Run, programme: Programme, *, actor: str, tell: bool) -> None:
    hold_facilitators(work, run)
    if run.state == "confirmed":
        _refuse_taken(work, run)
    run = replace(run, told=1) if tell and run.state == "confirmed" else run
    save_draft(work.connection, run, work.now)
    stands = {"confirmed_at": work.now, "confirmed_by": actor}
    work.connection.execute(update(runs).where(runs.c.id == run.id).values(**stands))
    if run.state == "confirmed":
        with taking_time():
            book(work.connection, run)
    convert_hold(work, run)
    if run.state != "confirmed":
        return
    if tell:
        telling.run_confirmed(work, run, load_establishment(work.connection, run.establishment_id), programme)


def _refuse_taken(work: UnitOfWork, run: Run) -> None:
    """Say which hour is taken, before the database refuses it in fewer words."""
    people = {person for each in run.live for person in each.facilitator_ids}
    dates = [each.date for each in run.live]
    taken = load_bookings(work.connection, people=people, between=(min(dates), max(dates)), but_for=run.id)
    for each in run.live:
        for other in taken:
            overlaps = other.starts_at < each.ends_at() and each.starts_at() < other.ends_at
            if overlaps and other.facilitator_id in each.facilitator_ids:
                who = work.connection.scalar(
                    select(facilitators.c.name).where(facilitators.c.id == other.facilitator_id)
                )
                why = (
                    f"{who} is booked for {other.what}, at the time of session {each.number}. "
                    "Put right whichever of the two is wrong."
                )
                raise Refused("conflict", why, {"facilitators": [why]})


def _told(work: UnitOfWork, run: Run, programme: Programme) -> dict[str, Any]:
    states: Counter[str] = Counter(each.state for each in run.sessions)
    return {
        "enquiry": run.enquiry,
        "run": str(run.id),
        "state": run.state,
        "sessions": counted(len(run.sessions), "session"),
        **{state: states.get(state, 0) for state in STATES},
        "open_rules": _open_rules(work, run, programme),
    }


def _open_rules(work: UnitOfWork, run: Run, programme: Programme) -> dict[str, list[int]]:
    """Give the sessions to come that do not keep a rule, by rule: none is refused for it, but somebody should look."""
    establishment = load_establishment(work.connection, run.establishment_id)
    ahead = {each.number for each in run.live if each.state == "planned" and each.starts_at() > work.now}
    found: dict[str, list[int]] = {}
    for number, breaches in review(run, facts_about(work.connection, run, establishment, programme)).items():
        for rule in sorted({each.rule for each in breaches if number in ahead}):
            found.setdefault(rule, []).append(number)
    return found
