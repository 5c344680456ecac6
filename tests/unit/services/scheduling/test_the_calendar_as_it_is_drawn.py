"""What is drawn of the calendar: sessions and what became of them, clashes as a run's page says them, closures."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from services.scheduling.domain import viewing
from services.scheduling.doors.changing import ChangingDoors
from services.scheduling.doors.people import PeopleDoors
from services.scheduling.doors.planning import PlanningDoors
from services.scheduling.doors.timetables import TimetableDoors
from services.scheduling.doors.viewing import ViewingDoors
from services.scheduling.handlers import people
from services.scheduling.tables import overrides, rooms, sessions
from shared.errors import Refused
from shared.persistence.work import new_id
from tests.unit.services.scheduling import change_cast as cast
from tests.unit.services.scheduling import hold_cast

MARCH = ("2027-03-01", "2027-03-31")
RULES = {f"H{number}" for number in range(1, 10)}


class Doors(ViewingDoors, ChangingDoors, PeopleDoors, PlanningDoors, TimetableDoors):
    """What these tests ask of the service."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    made = cast.new_database(request.param, tmp_path_factory.mktemp("calendar"), request)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return cast.emptied(database)


@pytest.fixture
def doors(store):
    made = Doors()
    made.store = store
    return made


@pytest.fixture
def team(store):
    return cast.person(store, "Tom"), cast.person(store, "Ana")


@pytest.fixture
def run(store, team):
    return cast.confirmed(store, team)


def refusal(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value


def change(doors, run, **asked):
    basis = doors.preview_change(str(run), asked)["basis"]
    return doors.apply_change(str(run), asked, basis=basis, accept_breaches=True, actor="priya")


def drawn(doors, *between, **chosen):
    return {each["date"]: each for each in doors.get_calendar(*(between or MARCH), **chosen)["sessions"]}


def test_a_month_has_its_sessions_with_who_leads_them_and_which_of_how_many_they_are(doors, run, team):
    found = doors.get_calendar("2027-03-02", "2027-03-09")

    assert [each["number"] for each in found["sessions"]] == [8, 9]
    first = found["sessions"][0]
    assert first | {"id": None} == {
        "id": None,
        "run": str(run),
        "enquiry": "KT-7F3K-92",
        "run_state": "confirmed",
        "number": 8,
        "of": 16,
        "kind": "planned",
        "state": "planned",
        "programme": "many-faces-of-trauma",
        "programme_name": "The Many Faces of Trauma",
        "mode": "in_person",
        "establishment": {"id": "RSI", "name": "Risley (HMP)"},
        "date": "2027-03-02",
        "start": "13:45",
        "end": "16:45",
        "zone": "Europe/London",
        "room": None,
        "facilitators": [
            {"id": str(team[0]), "name": "Tom", "role": "regular"},
            {"id": str(team[1]), "name": "Ana", "role": "regular"},
        ],
        "cancelled": False,
        "moved_from": None,
        "covered": False,
        "clashes": False,
    }


def test_a_day_in_summer_time_is_the_day_in_london(doors, store, run):
    late = (sessions.c.run_id == run) & (sessions.c.number == 12)
    at_night = {"start": dt.time(0, 15), "end": dt.time(3, 15)}
    instants = {
        "starts_at": dt.datetime(2027, 3, 29, 23, 15, tzinfo=dt.UTC),
        "ends_at": dt.datetime(2027, 3, 30, 2, 15, tzinfo=dt.UTC),
    }
    with store.work() as work:
        work.connection.execute(update(sessions).where(late).values(**at_night, **instants))

    assert [each["number"] for each in doors.get_calendar("2027-03-30", "2027-03-30")["sessions"]] == [12]
    assert doors.get_calendar("2027-03-29", "2027-03-29")["sessions"] == []


def test_a_session_that_was_moved_says_where_it_stood_first(doors, store, run):
    session = str(cast.session(store, run, 9))
    change(doors, run, kind="move", session=session, date="2027-03-10")
    change(doors, run, kind="move", session=session, date="2027-03-11")

    assert drawn(doors)["2027-03-11"]["moved_from"] == {"date": "2027-03-09", "start": "13:45"}
    assert drawn(doors)["2027-03-16"]["moved_from"] is None

    change(doors, run, kind="move", session=session, date="2027-03-09")
    assert drawn(doors)["2027-03-09"]["moved_from"] is None


def test_a_cancelled_session_stays_and_what_is_held_in_its_place_says_so(doors, store, run):
    session = str(cast.session(store, run, 9))
    change(doors, run, kind="cascade", session=session, cause="lockdown_or_incident", party="prison")

    found = drawn(doors)

    assert found["2027-03-09"]["cancelled"]
    assert (found["2027-03-16"]["number"], found["2027-03-16"]["moved_from"]["date"]) == (9, "2027-03-09")
    assert (found["2027-03-23"]["number"], found["2027-03-23"]["moved_from"]["date"]) == (10, "2027-03-16")


def test_what_was_taken_back_is_not_drawn(doors, store, run):
    with store.work() as work:
        ninth = (sessions.c.run_id == run) & (sessions.c.number == 9)
        work.connection.execute(update(sessions).where(ninth).values(state="superseded"))

    assert "2027-03-09" not in drawn(doors)


def test_a_session_led_by_cover_says_so(doors, store, run, team):
    lee = cast.person(store, "Lee")
    session = str(cast.session(store, run, 9))
    change(doors, run, kind="swap", out=str(team[1]), into=str(lee), sessions=[session])

    found = drawn(doors)

    assert found["2027-03-09"]["covered"]
    assert [each["role"] for each in found["2027-03-09"]["facilitators"]] == ["regular", "cover"]
    assert not found["2027-03-16"]["covered"]


def a_room(store, capacity, *, active=True):
    found = new_id()
    row = {"id": found, "establishment_id": "RSI", "name": found.hex, "capacity": capacity, "active": active}
    with store.work() as work:
        work.connection.execute(rooms.insert(), row)
    return found


def trouble(store, doors):
    """Plan runs that break every rule about a session by itself that what is stored can break; give them."""
    tom, ana, lee, kim = (cast.person(store, name) for name in ("Tom", "Ana", "Lee", "Kim"))
    full, small = a_room(store, 20), a_room(store, 3)
    confirmed = cast.confirmed(store, (tom, ana), room=full)
    same_team = cast.run(store, (ana, tom), "STI", "KT-AAAA-22")
    same_room = cast.run(store, (lee, kim), "RSI", "KT-AAAA-23", room=full)
    small_room = cast.run(store, (lee,), "RSI", "KT-AAAA-24", window="am", room=small, group_size=14)
    cast.ends(store, ana, dt.date(2027, 3, 19))
    doors.add_leave(str(tom), "2027-03-16", "2027-03-16")
    doors.set_working_hours(str(lee), [{"weekday": "tue", "start": "09:00", "end": "17:00"}])
    doors.change_facilitator(str(kim), state="resting", insured_until="2027-02-01")
    doors.add_blackout("RSI", "2027-03-02", why="lockdown")
    doors.set_windows("RSI", ["tue"], {"am": "08:30-11:45"}, valid_from="2027-04-20")
    return confirmed, same_team, same_room, small_room


def of_run(doors, run):
    """Give what a run's own page says of its sessions, but for their order."""
    found = doors.get_run(str(run))["sessions"]
    return {
        (str(run), each["id"], breach["rule"], breach["name"], breach["why"])
        for each in found
        for breach in each["breaches"]
        if breach["rule"] != "H10"
    }


def clashing(doors, *between):
    return {
        (each["run"], each["session"], each["rule"], each["name"], each["why"])
        for each in doors.get_calendar(*between)["clashes"]
    }


def test_clashes_are_those_that_each_run_says_of_its_sessions(doors, store):
    expected = set().union(*(of_run(doors, run) for run in trouble(store, doors)))

    found = clashing(doors, "2027-01-12", "2027-04-15") | clashing(doors, "2027-04-16", "2027-06-30")

    assert found == expected
    assert {rule for _, _, rule, _, _ in found} == RULES
    marked = {each["id"] for each in doors.get_calendar("2027-01-12", "2027-04-15")["sessions"] if each["clashes"]}
    assert marked == {session for _, session, *_ in clashing(doors, "2027-01-12", "2027-04-15")}


def test_clashes_can_be_had_alone(doors, store):
    trouble(store, doors)
    whole = doors.get_calendar("2027-01-12", "2027-04-15")

    alone = doors.list_clashes("2027-01-12", "2027-04-15")

    assert alone == {name: whole[name] for name in ("start", "end", "clashes")}
    places = {each["id"]: each["establishment"] for each in whole["sessions"]}
    assert {each["session"]: each["establishment"] for each in alone["clashes"]} == {
        each["session"]: places[each["session"]] for each in alone["clashes"]
    }
    at_styal = doors.list_clashes("2027-01-12", "2027-04-15", establishments=["STI"])["clashes"]
    assert at_styal == [each for each in alone["clashes"] if each["establishment"]["id"] == "STI"]


def test_a_calendar_can_be_had_without_its_clashes(doors, run):
    doors.add_blackout("RSI", "2027-03-09", why="lockdown")

    found = doors.get_calendar(*MARCH, clashes=False)

    assert found["clashes"] is None
    assert {each["clashes"] for each in found["sessions"]} == {None}
    assert [each["id"] for each in found["sessions"]] == [each["id"] for each in doors.get_calendar(*MARCH)["sessions"]]
    assert refusal(doors.get_calendar, *MARCH, clashes="perhaps").fields == {"clashes": ["Say true or false."]}


def test_a_rule_that_somebody_keeps_open_is_no_clash(doors, store, run):
    doors.add_blackout("RSI", "2027-03-09", why="lockdown")
    assert [each["rule"] for each in doors.get_calendar(*MARCH)["clashes"]] == ["H2"]
    row = {"id": new_id(), "run_id": run, "rule": "H2", "session_id": cast.session(store, run, 9)}
    with store.work() as work:
        decided = {"reason": "agreed with the governor", "actor": "priya", "at": work.now}
        work.connection.execute(insert(overrides), {**row, **decided})

    assert doors.get_calendar(*MARCH)["clashes"] == []


def test_what_has_begun_clashes_with_nothing(doors, store, run, team):
    cast.ends(store, team[1], dt.date(2027, 3, 1))
    doors.store = cast.at(store, dt.datetime(2027, 3, 16, 14, 0, tzinfo=dt.UTC))

    assert [each["date"] for each in doors.get_calendar(*MARCH)["clashes"]] == ["2027-03-23", "2027-03-30"]


def test_closures_bank_holidays_leave_and_holds_are_drawn(doors, store, team):
    held = cast.run(store, team)
    hold = hold_cast.place(store, held)
    doors.add_leave(str(team[0]), "2026-12-30", "2027-01-02")
    blackout = doors.add_blackout("RSI", "2027-01-19", why="staff_training")["blackouts"]
    mine = next(each["id"] for each in blackout if each["first"] == "2027-01-19")

    found = doors.get_calendar("2027-01-01", "2027-01-31")

    place = {"id": "RSI", "name": "Risley (HMP)"}
    closed = [(each["first"], each["last"], each["why"]) for each in found["closures"]]
    assert closed == [
        ("2027-01-01", "2027-01-01", "New Year’s Day"),
        ("2027-01-01", "2027-01-03", "Christmas and New Year closure"),
        ("2027-01-19", "2027-01-19", "staff training"),
    ]
    assert found["closures"][2] | {"why": ""} == {
        "establishment": place,
        "first": "2027-01-19",
        "last": "2027-01-19",
        "why": "",
        "id": mine,
    }
    assert [(each["facilitator"]["name"], each["first"], each["last"]) for each in found["leave"]] == [
        ("Tom", "2026-12-30", "2027-01-02")
    ]
    [told] = found["holds"]
    assert (told["hold"], told["run"], told["establishment"], told["rank"]) == (str(hold), str(held), place, 1)
    assert {each["run_state"] for each in found["sessions"]} == {"held"}


def test_only_what_is_asked_for_is_drawn(doors, store, run, team):
    lee, kim = cast.person(store, "Lee"), cast.person(store, "Kim")
    cast.confirmed(store, (lee, kim), "STI", "KT-AAAA-22")

    def places(**chosen):
        return {each["establishment"]["id"] for each in doors.get_calendar(*MARCH, **chosen)["sessions"]}

    assert places() == {"RSI", "STI"}
    assert places(establishments=["sti"]) == {"STI"}
    assert places(facilitators=[str(team[0])]) == {"RSI"}
    assert places(facilitators=[str(team[0])], establishments=["STI"]) == set()
    assert places(programmes=["unlocking-the-key-to-compassion"]) == set()
    closed = doors.get_calendar("2027-12-01", "2027-12-31", establishments=["STI"])["closures"]
    assert {each["establishment"]["id"] for each in closed} == {"STI"}


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({"establishments": ["RSI", "NONE"]}, "establishments"),
        ({"facilitators": [str(UUID(int=9))]}, "facilitators"),
        ({"programmes": ["none-such"]}, "programmes"),
    ],
)
def test_what_is_not_on_file_is_refused_by_name(doors, chosen, field):
    for call in (doors.get_calendar, doors.list_clashes, doors.get_gantt):
        found = refusal(call, *MARCH, **chosen)

        assert (found.code, list(found.fields)) == ("not_found", [field])


@pytest.mark.parametrize(
    ("call", "start", "end", "words"),
    [
        ("get_calendar", "2027-01-01", "2027-04-11", "These are 101 days, and up to 100 can be shown at once"),
        ("get_gantt", "2027-01-01", "2028-01-02", "These are 367 days, and up to 366 can be shown at once"),
        ("report_load", "2027-01-01", "2026-12-31", "Give 1 January 2027, the first day, or a later one"),
        ("report_reach", "2010-01-01", "2027-01-01", "and up to 3660 can be shown at once"),
        ("report_sessions", "2027-01-01", "31/03/2027", "Write a date as year-month-day"),
        ("get_calendar", "1827-01-01", "1827-01-02", "Give a date from 1 january 2000"),
    ],
)
def test_a_period_that_cannot_be_shown_is_refused_with_the_mend(doors, call, start, end, words):
    found = refusal(getattr(doors, call), start, end)

    assert found.code == "invalid"
    assert words.casefold() in " ".join(said for each in found.fields.values() for said in each).casefold()


def test_a_hundred_days_and_a_year_are_shown(doors):
    assert doors.get_calendar("2027-01-01", "2027-04-10")["sessions"] == []
    assert doors.get_gantt("2027-01-01", "2028-01-01")["rows"] == []


def test_a_gantt_has_a_row_an_establishment_with_bars_marks_and_closures(doors, store, run):
    session = str(cast.session(store, run, 16))
    change(doors, run, kind="cancel", sessions=[session], cause="low_numbers", party="prison")

    [row] = doors.get_gantt("2027-02-20", "2027-12-31")["rows"]

    assert (row["id"], row["name"]) == ("RSI", "Risley (HMP)")
    [bar] = row["runs"]
    assert (bar["run"], bar["state"], bar["first"], bar["last"], bar["of"]) == (
        *(str(run), "confirmed", "2027-02-23", "2027-04-20", 16),
    )
    assert [each["number"] for each in bar["sessions"]] == list(range(7, 17))
    assert bar["sessions"][-1] == {"id": session, "number": 16, "date": "2027-04-27", "state": "cancelled"}
    assert ("2027-12-21", "2027-12-31", "Christmas and New Year closure") in {
        (each["first"], each["last"], each["why"]) for each in row["closed"]
    }


def test_a_gantt_by_facilitator_has_what_each_of_them_leads_and_their_leave(doors, store, run, team):
    lee = cast.person(store, "Lee")
    session = str(cast.session(store, run, 9))
    change(doors, run, kind="swap", out=str(team[1]), into=str(lee), sessions=[session])
    doors.add_leave(str(lee), "2027-05-01", "2027-05-08")

    rows = {row["name"]: row for row in doors.get_gantt(*("2027-01-01", "2027-12-31"), by="facilitator")["rows"]}

    assert {name: [len(bar["sessions"]) for bar in row["runs"]] for name, row in rows.items()} == {
        "Tom": [16],
        "Ana": [15],
        "Lee": [1],
    }
    assert rows["Lee"]["runs"][0]["sessions"][0]["number"] == 9
    assert rows["Lee"]["closed"] == [{"first": "2027-05-01", "last": "2027-05-08", "why": "leave"}]
    [mine] = doors.get_gantt("2027-01-01", "2027-12-31", by="facilitator", facilitators=[str(lee)])["rows"]
    assert mine == rows["Lee"]


def test_a_gantt_by_anything_else_is_refused(doors):
    assert list(refusal(doors.get_gantt, *MARCH, by="programme").fields) == ["by"]


@pytest.mark.parametrize("part", [0, -1, "second", 1.5])
def test_a_part_that_is_none_is_refused(doors, part):
    assert "Parts are counted from 1" in refusal(doors.get_gantt, *MARCH, part=part).fields["part"][0]


@pytest.mark.parametrize("by", ["establishment", "facilitator"])
def test_the_parts_of_a_gantt_have_all_rows_as_the_whole_has_them(doors, store, run, monkeypatch, by):
    lee, kim = cast.person(store, "lee"), cast.person(store, "Kim")
    cast.confirmed(store, (lee, kim), "STI", "KT-AAAA-22")
    doors.add_leave(str(lee), "2027-05-01", "2027-05-08")
    monkeypatch.setattr(viewing, "MOST_ROWS", 1)
    whole = doors.get_gantt("2027-01-01", "2027-12-31", by=by)["rows"]
    names = [row["name"] for row in whole]

    parts = [doors.get_gantt("2027-01-01", "2027-12-31", by=by, part=1 + number) for number in range(len(names))]

    assert len(whole) > 1
    assert [each["rows"] for each in parts] == [[row] for row in whole]
    assert {str(each["parts"]) for each in parts} == {str([{"first": name, "last": name} for name in names])}
    last = doors.get_gantt("2027-01-01", "2027-12-31", by=by, part=99)
    assert (last["part"], last["rows"]) == (len(names), whole[-1:])


def test_a_part_of_a_gantt_keeps_to_what_is_asked_for(doors, store, run, team):
    lee, kim = cast.person(store, "Lee"), cast.person(store, "Kim")
    cast.confirmed(store, (lee, kim), "STI", "KT-AAAA-22")
    year = ("2027-01-01", "2027-12-31")

    for by in ("establishment", "facilitator"):
        for chosen in (
            {"facilitators": [str(lee)]},
            {"establishments": ["STI"]},
            {"facilitators": [str(team[0])], "establishments": ["STI"]},
            {"programmes": ["unlocking-the-key-to-compassion"]},
        ):
            whole, part = doors.get_gantt(*year, by=by, **chosen), doors.get_gantt(*year, by=by, part=1, **chosen)
            assert part["rows"] == whole["rows"]
            ends = [{"first": whole["rows"][0]["name"], "last": whole["rows"][-1]["name"]}] if whole["rows"] else []
            assert (part["part"], part["parts"]) == (1, ends)


def test_somebody_cleared_for_another_place_only_is_said_to_have_none(doors, store, run, team):
    kim = hold_cast.facilitator(store, "Kim", "BNI")
    session = str(cast.session(store, run, 9))
    change(doors, run, kind="swap", out=str(team[1]), into=str(kim), sessions=[session])

    [clash] = doors.get_calendar(*MARCH)["clashes"]

    assert (clash["rule"], clash["facilitator"]["name"]) == ("H3", "Kim")
    assert "has no clearance on file for Risley (HMP)" in clash["why"]
    with store.work() as work:
        people.agree_escort(work, kim, "RSI", dt.date(2027, 3, 9), actor="priya")
    assert doors.get_calendar(*MARCH)["clashes"] == []
