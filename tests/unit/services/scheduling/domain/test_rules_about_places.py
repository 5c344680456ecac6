"""Where a session is, and where its people come from: rules H6 and H8."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from scheduling_cast import ANA, RISLEY, UNLOCKING, booking, facts, session

from services.scheduling.domain.establishments import Room
from services.scheduling.domain.facts import RoomBooking
from services.scheduling.domain.rules import breaches_of, breaches_of_assignment
from services.scheduling.domain.travel import Point, Travel, pair

HALL = Room(UUID(int=50), "RSI", "The hall", 14)

REMOTE = {"mode": "remote", "programme": replace(UNLOCKING, modes=("in_person", "remote"))}


def elsewhere(start, end, where="FSI", **more):
    day = "2027-01-12T"
    return replace(booking(ANA, f"{day}{start}+00:00", f"{day}{end}+00:00", where), **more)


def broken(known):
    return [each.rule for each in breaches_of_assignment(session(), ANA, known)]


def in_room(known, **changes):
    one = replace(session(), **{"room_id": HALL.id, **changes})
    return [(each.rule, each.name) for each in breaches_of(one, replace(known, rooms={HALL.id: HALL, **known.rooms}))]


# H6: the session is from 13:45 to 16:45. Getting out there takes 30 minutes, reporting here 60, unless set otherwise.


@pytest.mark.parametrize(
    ("start", "end", "rules"),
    [("09:00", "11:35", []), ("09:00", "11:36", ["H6"]), ("18:55", "20:00", []), ("18:54", "20:00", ["H6"])],
)
def test_between_two_places_there_is_time_for_both_gates_and_the_journey(start, end, rules):
    travel = Travel(known={pair("FSI", "RSI"): 40})

    assert broken(replace(facts(bookings=(elsewhere(start, end),)), travel=travel)) == rules


@pytest.mark.parametrize(
    ("start", "end", "rules"),
    [("09:00", "12:50", []), ("09:00", "12:51", ["H6"]), ("17:10", "18:00", []), ("17:09", "18:00", ["H6"])],
)
def test_each_gate_takes_its_own_time(start, end, rules):
    # Featherstone: 20 minutes to report, 10 to get out. Risley here: 45 and 5.
    known = replace(
        facts(bookings=(elsewhere(start, end),)),
        establishment=replace(RISLEY, report_minutes=45, exit_minutes=5),
        gates={"FSI": (20, 10)},
    )

    assert broken(known) == rules


def test_two_prisons_side_by_side_still_have_two_gates():
    # Half a kilometre: one minute by road, and 90 at the gates.
    near = Travel(points={"RSI": Point(53.444, -2.523), "FSI": Point(53.448, -2.523)})
    known = replace(facts(bookings=(elsewhere("09:00", "12:15"),)), travel=near)

    (breach,) = breaches_of_assignment(session(), ANA, known)
    assert "with the gates and the journey, 91 minutes are needed in between" in breach.why
    assert breach.facilitator_id == ANA
    assert broken(replace(known, bookings=(elsewhere("09:00", "12:15"),), travel=Travel())) == []


@pytest.mark.parametrize(
    ("start", "end", "rules"),
    [("12:00", "12:45", []), ("12:00", "12:46", ["H6"]), ("17:15", "18:00", []), ("17:14", "18:00", ["H6"])],
)
def test_a_remote_session_elsewhere_has_no_gate_but_this_one_has(start, end, rules):
    far = Travel(known={pair("FSI", "RSI"): 300})

    for where in ("FSI", "RSI"):  # a remote session of Risley's own is not inside it either
        remote = elsewhere(start, end, where, in_prison=False)
        assert broken(replace(facts(bookings=(remote,)), travel=far)) == rules


@pytest.mark.parametrize(("end", "rules"), [("13:45", []), ("13:46", ["H6"])])
def test_two_remote_sessions_may_follow_one_another(end, rules):
    known = replace(facts(bookings=(elsewhere("12:00", end, in_prison=False),)), **REMOTE)

    assert broken(known) == rules


def test_a_booking_the_day_before_can_be_in_the_way_of_a_very_long_journey():
    known = replace(
        facts(bookings=(booking(ANA, "2027-01-11T18:00+00:00", "2027-01-11T21:00+00:00", "FSI"),)),
        travel=Travel(known={pair("FSI", "RSI"): 16 * 60}),
    )

    assert broken(known) == ["H6"]


# H8


def test_a_session_without_a_room_has_none_to_answer_for():
    assert in_room(facts(), room_id=None) == []


@pytest.mark.parametrize(("group", "rules"), [(12, []), (13, [("H8", "room_holds_everyone")])])
def test_a_room_holds_the_group_and_its_facilitators(group, rules):
    larger = replace(facts().programme, max_group=20)

    assert in_room(replace(facts(programme=larger), group_size=group)) == rules


def test_a_room_that_is_out_of_use_or_elsewhere_is_refused():
    assert in_room(replace(facts(), rooms={HALL.id: replace(HALL, active=False)})) == [("H8", "room_is_usable")]
    assert in_room(facts(), room_id=UUID(int=51)) == [("H8", "room_is_usable")]


@pytest.mark.parametrize(
    ("start", "end", "rules"),
    [
        ("12:00", "13:45", []),
        ("12:00", "13:46", [("H8", "room_is_free")]),
        ("16:44", "18:00", [("H8", "room_is_free")]),
        ("16:45", "18:00", []),
    ],
)
def test_a_room_is_free_to_the_minute(start, end, rules):
    other = elsewhere(start, end)
    taken = RoomBooking(HALL.id, other.starts_at, other.ends_at, "another session on 12 January 2027")

    assert in_room(replace(facts(), room_bookings=(taken,))) == rules
    assert in_room(replace(facts(), room_bookings=(replace(taken, room_id=UUID(int=51)),))) == []


def test_a_remote_session_needs_no_room():
    assert in_room(replace(facts(), **REMOTE), room_id=UUID(int=51)) == []
