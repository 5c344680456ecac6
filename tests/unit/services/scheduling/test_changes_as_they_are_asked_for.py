"""What callers send about changes: shape is checked once, and each answer at fault has its own sentence."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest

from services.scheduling.change_schemas import ChargeSchema, CloseSchema, ConfirmedSchema, read_change
from services.scheduling.domain.changes import Cascade, ChangeSlot, Close, MakeUp, Swap
from services.scheduling.domain.outcomes import Charge
from services.scheduling.handlers import changing, reversing
from services.scheduling.queries.changes import change_asked
from services.scheduling.schemas import read
from shared.errors import Refused
from tests.unit.services.scheduling import change_cast as cast

ANA = "0192f0c8-0000-7000-8000-0000000000aa"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    database = cast.new_database("sqlite", tmp_path_factory.mktemp("asked"), None)
    yield cast.emptied(database)
    database.close()


@pytest.fixture(scope="module")
def run(store):
    return cast.confirmed(store, (cast.person(store, "Tom"), cast.person(store, "Ana")))


def asked(store, run, **change):
    with store.database.reading() as connection:
        return change_asked(connection, run, read_change(change))


def apply(store, run, change):
    with store.work() as work:
        return changing.apply(work, run, change, basis=None, actor="priya")


@pytest.mark.parametrize("named", [9, "9"])
def test_a_session_is_named_by_its_number(store, run, named):
    found = asked(store, run, kind="cascade", session=named, cause="lockdown", party="prison")

    assert found == Cascade(cast.session(store, run, 9), "lockdown_or_incident", "prison")


def test_a_session_is_named_by_its_id(store, run):
    nine = cast.session(store, run, 9)

    found = asked(store, run, kind="make_up", session=str(nine), date="2027-03-11", start="13:45")

    assert found == MakeUp(nine, dt.date(2027, 3, 11), dt.time(13, 45))


def test_weekdays_and_people_are_read(store, run):
    assert asked(store, run, kind="change_slot", weekday="thu") == ChangeSlot(weekday=3)
    assert asked(store, run, kind="swap", out=ANA) == Swap((), out=UUID(ANA), into=None)


def test_of_several_with_one_number_the_one_that_stands_is_meant_then_the_one_that_fell_out(store, run):
    first = cast.session(store, run, 16)
    cascaded = apply(store, run, Cascade(first, "no_escort", "prison"))
    second = cast.session(store, run, 16)
    assert first != second

    assert asked(store, run, kind="move", session=16, date="2027-05-05").session_id == second
    with store.work() as work:
        reversing.reverse_change(work, cascaded, basis=None, actor="priya")
    assert asked(store, run, kind="move", session=16, date="2027-05-05").session_id == first


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (None, ["kind"]),
        ([], ["kind"]),
        ({}, ["kind"]),
        ({"kind": "merge"}, ["kind"]),
        ({"kind": []}, ["kind"]),
        ({"kind": "cascade"}, ["session", "cause", "party"]),
        ({"kind": "cascade", "session": "nine", "cause": "other", "party": "prison"}, ["session"]),
        ({"kind": "cascade", "session": "-1", "cause": "other", "party": "prison"}, ["session"]),
        ({"kind": "cascade", "session": 9, "cause": "because of Ana", "party": "prison"}, ["cause"]),
        ({"kind": "cascade", "session": 9, "cause": "prison", "party": "prison"}, ["cause"]),
        ({"kind": "cascade", "session": 9, "cause": "", "party": "prison"}, ["cause"]),
        ({"kind": "cascade", "session": 9, "cause": 5, "party": "prison"}, ["cause"]),
        ({"kind": "cascade", "session": 9, "cause": "other", "party": "p"}, ["party"]),
        ({"kind": "cancel", "sessions": "9", "cause": "other", "party": "prison"}, ["sessions"]),
        ({"kind": "cancel", "sessions": [1] * 201, "cause": "other", "party": "prison"}, ["sessions"]),
        ({"kind": "cancel", "sessions": [9], "cause": "other", "party": "prison", "remedy": "forget"}, ["remedy"]),
        ({"kind": "move", "session": 9, "date": "2027-02-30"}, ["date"]),
        ({"kind": "move", "session": 9, "date": "tomorrow", "start": "noon"}, ["date", "start"]),
        ({"kind": "move_run"}, ["start"]),
        ({"kind": "change_slot", "weekday": "someday"}, ["weekday"]),
        ({"kind": "swap", "out": "Ana"}, ["out"]),
        ({"kind": "swap", "out": ANA, "why": "she is unwell"}, ["why"]),
    ],
)
def test_what_cannot_be_read_is_refused_by_field(change, fields):
    with pytest.raises(Refused) as refusal:
        read_change(change)

    assert refusal.value.code == "invalid"
    assert sorted(refusal.value.fields) == sorted(fields)


@pytest.mark.parametrize("named", ["17", "999", "0192f0c8-0000-7000-8000-0000000000--"])
def test_a_number_that_the_run_does_not_have_is_not_found(store, run, named):
    with pytest.raises(Refused) as refusal:
        asked(store, run, kind="move", session=named, date="2027-05-05")

    assert refusal.value.code == "not_found"


def test_a_charge_needs_its_reason_and_a_reason_its_charge():
    assert read(ChargeSchema(), chargeable=None, charge_reason=None) is None
    assert read(ChargeSchema(), chargeable=True, charge_reason="goodwill") == Charge(True, "goodwill")
    for chargeable, reason, field in ((True, None, "charge_reason"), (None, "goodwill", "chargeable")):
        with pytest.raises(Refused) as refusal:
            read(ChargeSchema(), chargeable=chargeable, charge_reason=reason)
        assert list(refusal.value.fields) == [field]
    with pytest.raises(Refused):
        read(ChargeSchema(), chargeable=True, charge_reason="because Ana was unwell")


def test_nothing_is_applied_without_the_basis_of_a_preview():
    with pytest.raises(Refused) as refusal:
        read(ConfirmedSchema(), accept_breaches=True)

    assert list(refusal.value.fields) == ["basis"]


def test_a_closure_is_of_one_day_where_no_last_one_is_given():
    close = read(CloseSchema(), establishment="RSI", first="2027-03-09", last=None, reason="lockdown", remedy="make-up")

    day = dt.date(2027, 3, 9)
    assert close == Close("RSI", day, day, "lockdown_or_incident", "make_up", "prison")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first": "9 March"}, "first"),
        ({"reason": "something Ana said"}, "reason"),
        ({"remedy": "merge"}, "remedy"),
        ({"remedies": {"nine": "drop"}}, "remedies"),
        ({"remedies": {ANA: "forget"}}, "remedies"),
    ],
)
def test_a_closure_that_cannot_be_read_is_refused(wrong, field):
    with pytest.raises(Refused) as refusal:
        read(CloseSchema(), **{"establishment": "RSI", "first": "2027-03-09", "reason": "lockdown", **wrong})

    assert list(refusal.value.fields) == [field]
