"""What of the calendar needs somebody now: each kind counted, with the first ten and where they are."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, literal, select, update

from services.scheduling.domain.calendar import EstablishmentCalendar, Regime
from services.scheduling.domain.clearances import LEVELS, STATES, Clearance
from services.scheduling.domain.facts import Facts
from services.scheduling.domain.programmes import MANY_FACES
from services.scheduling.domain.rules import clearance_covers_every_session
from services.scheduling.domain.runs import Session
from services.scheduling.doors.changing import ChangingDoors
from services.scheduling.doors.cover import CoverDoors
from services.scheduling.doors.delivery import DeliveryDoors
from services.scheduling.doors.papers import PaperDoors
from services.scheduling.doors.people import PeopleDoors
from services.scheduling.doors.viewing import ViewingDoors
from services.scheduling.handlers import memos, places
from services.scheduling.records.people import opens_the_gate
from services.scheduling.tables import assignments, clearances, establishments, gate_memos, sessions
from shared.persistence.work import new_id
from tests.unit.services.scheduling import change_cast as cast
from tests.unit.services.scheduling import hold_cast

RISLEY = {"id": "RSI", "name": "Risley (HMP)"}
FIRST = dt.date(2026, 9, 1)
NO_CALENDAR = EstablishmentCalendar(Regime({}), blackouts=(), bank_holidays={})
KINDS = ("sessions", "memos", "clearances", "kit", "offers", "holds", "registers", "short")


class Doors(ViewingDoors, ChangingDoors, CoverDoors, DeliveryDoors, PaperDoors, PeopleDoors):
    """What these tests ask of the service."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    made = cast.new_database(request.param, tmp_path_factory.mktemp("today"), request)
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


def on(doors, *when):
    """Have it be another day."""
    doors.store = cast.at(doors.store, dt.datetime(*when, tzinfo=dt.UTC))
    return doors


def counts(doors):
    found = doors.count_today(actor="priya")
    return {kind: found[kind]["count"] for kind in KINDS if found[kind]["count"]}


def test_on_a_day_with_nothing_everything_is_nought(doors):
    found = doors.count_today()

    assert (found["today"], found["tomorrow"]) == ("2026-12-01", "2026-12-02")
    assert {kind: found[kind] for kind in KINDS} == {kind: {"count": 0, "mine": 0, "items": []} for kind in KINDS}


def test_sessions_of_today_and_tomorrow_are_there_with_who_leads_them(doors, run, store):
    found = on(doors, 2027, 3, 8, 9, 0).count_today()["sessions"]

    assert found["count"] == 1
    [item] = found["items"]
    assert (item["session"], item["number"], item["date"], item["start"], item["establishment"]) == (
        *(str(cast.session(store, run, 9)), 9, "2027-03-09", "13:45", RISLEY),
    )
    assert [each["name"] for each in item["facilitators"]] == ["Tom", "Ana"]
    assert on(doors, 2027, 3, 9, 18, 0).count_today()["sessions"]["count"] == 1
    assert on(doors, 2027, 3, 10, 0, 0).count_today()["sessions"]["count"] == 0


def test_a_memo_nobody_has_made_is_there_from_a_week_before_its_day(doors, run):
    # Ten working days before Tuesday 12 January, past New Year's Day and two days of Christmas: Thursday 24 December.
    assert "memos" not in counts(on(doors, 2026, 12, 16, 9, 0))

    [item] = on(doors, 2026, 12, 17, 9, 0).count_today()["memos"]["items"]

    assert (item["memo"], item["run"], item["state"], item["date"], item["first_date"], item["establishment"]) == (
        *(None, str(run), "not_made", "2026-12-24", "2027-01-12", RISLEY),
    )


def test_a_memo_is_there_until_it_is_sent_and_again_when_it_is_out_of_date(doors, run, store):
    on(doors, 2026, 12, 17, 9, 0)
    with doors.store.work() as work:
        about = {"organisation": "Healing", "purpose": None, "host": None, "session_id": None}
        memo = str(memos.make_memo(work, run, **about, actor="priya"))
    found = doors.count_today(actor="priya")["memos"]
    assert ([each["memo"] for each in found["items"]], found["mine"]) == ([memo], 1)
    assert doors.count_today(actor="lee")["memos"]["mine"] == 0

    with store.work() as work:
        work.connection.execute(update(gate_memos).values(state="sent"))
    assert "memos" not in counts(doors)

    with store.work() as work:
        work.connection.execute(update(gate_memos).values(state="out_of_date"))
    assert [each["state"] for each in doors.count_today()["memos"]["items"]] == ["out_of_date"]


def test_a_clearance_that_ends_soon_and_one_that_shuts_somebody_out_are_there_once_each(doors, run, store, team):
    cast.ends(store, team[1], dt.date(2027, 3, 19))

    found = on(doors, 2027, 1, 5, 9, 0).count_today()["clearances"]

    [item] = found["items"]
    assert (item["facilitator"]["name"], item["establishment"], item["ends_on"]) == ("Ana", RISLEY, "2027-03-19")
    assert item["sessions"] == [str(cast.session(store, run, number)) for number in range(11, 17)]
    assert (item["date"], "ends on 19 March 2027" in item["why"]) == ("2027-03-19", True)


def test_an_ended_clearance_still_shuts_somebody_out(doors, run, store, team):
    cast.ends(store, team[1], dt.date(2027, 3, 19))

    [item] = on(doors, 2027, 3, 22, 9, 0).count_today()["clearances"]["items"]

    assert (item["ends_on"], item["date"], len(item["sessions"])) == (None, "2027-03-23", 6)


def test_a_clearance_that_was_renewed_is_not_there(doors, run, store, team):
    cast.ends(store, team[1], dt.date(2027, 3, 19))
    doors.grant_clearance(
        facilitator=str(team[1]),
        establishment="RSI",
        level="standard",
        valid_from="2027-03-20",
        valid_until="2029-03-19",
    )

    assert "clearances" not in counts(on(doors, 2027, 1, 5, 9, 0))


def every_kind_of_clearance(store, who):
    """Have somebody hold each kind of clearance for each kind of place, from day to day; give them with the place."""
    kinds = [*itertools.product(LEVELS, STATES, (True, False), (True, False))]
    held = []
    for number, (needed, ctc_required) in enumerate(itertools.product(LEVELS, (True, False))):
        place = replace(
            cast.RISLEY, id=f"X{number}", name=f"Place {number}", required_level=needed, ctc_required=ctc_required
        )
        for day, (level, state, site_access, ctc) in enumerate(kinds):
            first = FIRST + dt.timedelta(days=day)
            last = first + dt.timedelta(days=200)
            held.append((place, Clearance(who, place.id, level, first, last, state, site_access, ctc)))
    with store.work() as work:
        for place in {place.id: place for place, _ in held}.values():
            places.save_establishment(work, place, {"ctc_required": place.ctc_required})
        rows = [
            {name: getattr(each, name) for name in clearances.c.keys() if hasattr(each, name)} | {"id": new_id()}  # noqa: SIM118
            for _, each in held
        ]
        work.connection.execute(insert(clearances), rows)
    return held


@pytest.mark.parametrize("days", [50, 150, 250, 400])
def test_the_clearances_that_are_taken_for_open_are_those_of_the_rule(store, team, days):
    day = FIRST + dt.timedelta(days=days)
    session = Session(new_id(), 1, day, dt.time(9), dt.time(11))
    open_by_the_rule = {
        (each.establishment_id, each.valid_from)
        for place, each in every_kind_of_clearance(store, team[0])
        if clearance_covers_every_session(session, team[0], Facts(place, NO_CALENDAR, MANY_FACES, {}, (each,))) is None
    }

    with store.database.reading() as connection:
        query = select(clearances.c.establishment_id, clearances.c.valid_from).join(establishments)
        here = clearances.c.establishment_id.like("X%")
        found = {tuple(row) for row in connection.execute(query.where(here, opens_the_gate(literal(day))))}

    assert found == open_by_the_rule
    assert bool(found) == (days < 295)


def test_kit_is_there_while_the_prison_has_not_answered(doors, run):
    doors.request_kit("RSI", ["acupuncture needles"], actor="priya")

    found = doors.count_today(actor="priya")["kit"]

    assert found["mine"] == 1
    [item] = found["items"]
    assert (item["item"], item["establishment"], item["date"], item["next_session"]) == (
        *("acupuncture needles", RISLEY, "2026-12-01", "2027-01-12"),
    )
    doors.approve_kit("RSI", "acupuncture needles", actor="priya")
    assert "kit" not in counts(doors)


def test_a_session_without_enough_facilitators_is_there_and_the_offer_for_it(doors, run, store, team):
    lee = cast.person(store, "Lee")
    session = cast.session(store, run, 1)
    doors.withdraw_from_session([str(session)], str(team[1]), actor="priya")

    [item] = doors.count_today()["short"]["items"]
    assert (item["session"], item["lacks"], item["date"], item["establishment"]) == (
        *(str(session), 1, "2027-01-12", RISLEY),
    )
    assert "needs 2 facilitators" in item["why"]

    offer = doors.make_offer([str(session)], str(lee), actor="priya")
    found = doors.count_today(actor="priya")["offers"]
    [asked] = found["items"]
    assert (asked["offer"], asked["facilitator"], asked["sessions"], found["mine"]) == (
        *(offer["offer"], {"id": str(lee), "name": "Lee"}, [str(session)], 1),
    )
    doors.accept_offer(offer["offer"], actor="priya")
    assert not {"offers", "short"} & set(counts(doors))


def test_a_hold_is_there_in_its_last_week(doors, store, team):
    held = cast.run(store, team)
    hold = hold_cast.place(store, held)
    assert "holds" not in counts(doors)

    [item] = on(doors, 2026, 12, 8, 9, 0).count_today()["holds"]["items"]

    assert (item["hold"], item["run"], item["date"], item["establishment"]) == (
        *(str(hold), str(held), "2026-12-15", RISLEY),
    )


def test_a_register_is_missing_until_it_is_put_down(doors, run, store):
    session = str(cast.session(store, run, 1))
    assert "registers" not in counts(on(doors, 2027, 1, 12, 16, 44))

    [item] = on(doors, 2027, 1, 12, 16, 45).count_today()["registers"]["items"]
    assert (item["session"], item["lacks"], item["date"]) == (session, "outcome", "2027-01-12")

    doors.record_delivered(session, actor="priya")
    assert [each["lacks"] for each in doors.count_today()["registers"]["items"]] == ["attendance"]

    doors.submit_attendance(session, 10, 10, actor="priya")
    assert "registers" not in counts(doors)


def test_ten_are_given_and_all_are_counted_the_first_date_first(doors, run):
    found = on(doors, 2027, 3, 31, 9, 0).count_today()["registers"]

    assert (found["count"], len(found["items"])) == (12, 10)
    assert [each["date"] for each in found["items"]] == list(cast.TUESDAYS[:10])


def test_drafts_need_nobody_yet(doors, store):
    cast.run(store, ())
    with store.work() as work:
        work.connection.execute(delete(assignments))

    assert counts(on(doors, 2027, 1, 12, 9, 0)) == {}


def test_a_memo_about_what_is_over_needs_nobody(doors, run, store):
    memo = {"id": new_id(), "run_id": run, "state": "out_of_date", "version": 1, "purpose": "", "made_by": "priya"}
    said = {"content": {"visits": [{"date": "2027-01-12"}]}, "fingerprint": "", "due_on": dt.date(2026, 12, 23)}
    with store.work() as work:
        work.connection.execute(insert(gate_memos), {**memo, **said, "made_at": work.now, "told": 0})
        work.connection.execute(update(sessions).values(state="delivered"))

    assert "memos" not in counts(on(doors, 2027, 1, 13, 9, 0))
