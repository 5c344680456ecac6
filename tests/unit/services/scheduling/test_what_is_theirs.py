"""What a facilitator may ask for is their own: another's offer or session is not there for them, whatever they send."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import update

from services.scheduling.doors.cover import CoverDoors
from services.scheduling.doors.delivery import DeliveryDoors
from services.scheduling.tables import assignments, offers, sessions
from shared.clock import fixed_clock
from shared.errors import Refused
from tests.unit.services.scheduling.cover_cast import SECOND, Risley, new_database, session_id

AFTER_THE_FIRST = dt.datetime(2027, 1, 12, 20, 0, tzinfo=dt.UTC)


class Doors(CoverDoors, DeliveryDoors):
    """Both rooms, as the service has them."""


@pytest.fixture(scope="module")
def database(request, tmp_path_factory):
    database = new_database("sqlite", tmp_path_factory.mktemp("theirs"), request)
    yield database
    database.close()


@pytest.fixture
def risley(database):
    return Risley(database)


@pytest.fixture
def doors(risley):
    opened = Doors()
    opened.store, opened.offer_desk = risley.store, SimpleNamespace()
    return opened


@pytest.fixture
def evening(risley):
    """The doors on the evening of the first session."""
    opened = Doors()
    opened.store = replace(risley.store, clock=fixed_clock(AFTER_THE_FIRST))
    return opened


@pytest.fixture
def offer(risley, doors) -> str:
    """Ana came off the second session, and Lee is asked."""
    risley.withdraw("ana")
    return str(doors.make_offer([str(SECOND)], str(risley.ids["lee"]))["offer"])


def refused(call, *args, **named) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args, **named)
    return caught.value


def test_offers_are_listed_by_whom_they_are_to(risley, doors, offer):
    def listed(who: str) -> list[str]:
        return [each["offer"] for each in doors.list_offers(facilitator=str(risley.ids[who]))]

    assert (listed("lee"), listed("max")) == ([offer], [])
    assert refused(doors.list_offers, facilitator="lee").fields.keys() == {"facilitator"}


@pytest.mark.parametrize("call", ["get_offer", "accept_offer", "decline_offer"])
def test_anothers_offer_is_not_there(risley, doors, offer, call):
    assert refused(getattr(doors, call), offer, facilitator=str(risley.ids["max"])).code == "not_found"
    assert [row.state for row in risley.rows(offers)] == ["open"]
    assert getattr(doors, call)(offer, facilitator=str(risley.ids["lee"]))["facilitator"]["name"] == "Lee Whitfield"


def test_a_dry_run_of_anothers_offer_is_refused_as_well(risley, doors, offer):
    assert refused(doors.accept_offer, offer, facilitator=str(risley.ids["max"]), dry_run=True).code == "not_found"


def test_staff_may_answer_any_offer(doors, offer):
    assert doors.accept_offer(offer)["state"] == "accepted"


def test_registers_are_listed_by_who_leads_the_session(risley, evening):
    def listed(who: str | None) -> list[tuple[str, str]]:
        found = evening.list_registers(facilitator=who and str(risley.ids[who]))
        return [(each["session"], each["lacks"]) for each in found]

    assert listed("ana") == listed("tom") == listed(None) == [(str(session_id(1)), "outcome")]
    assert listed("lee") == []


def test_who_leads_a_session_hands_in_its_register_and_nobody_else_does(risley, evening):
    first, ana, lee = str(session_id(1)), str(risley.ids["ana"]), str(risley.ids["lee"])
    counts = {"expected": 10, "attended": 9, "absent": {"unwell": 1}}

    assert refused(evening.record_delivered, first, facilitator=lee).code == "not_found"
    assert evening.record_delivered(first, facilitator=ana, actor="ana")["state"] == "delivered"
    assert refused(evening.submit_attendance, first, **counts, facilitator=lee).code == "not_found"
    assert refused(evening.get_delivery, first, facilitator=lee).code == "not_found"
    handed_in = evening.submit_attendance(first, **counts, facilitator=ana, actor="ana")

    assert (handed_in["attendance"]["attended"], handed_in["attendance"]["submitted_by"]) == (9, "ana")
    assert evening.list_registers(facilitator=ana) == []
    assert evening.get_delivery(first, facilitator=ana) == handed_in


def test_who_observes_a_session_does_not_hand_in_its_register(risley, evening):
    first, ana = str(session_id(1)), str(risley.ids["ana"])
    observes = update(assignments).where(assignments.c.facilitator_id == UUID(ana)).values(role="observer")
    with risley.store.database.writing() as connection:
        connection.execute(observes)

    assert evening.list_registers(facilitator=ana) == []
    assert refused(evening.record_delivered, first, facilitator=ana).code == "not_found"


def test_a_session_that_there_is_not_is_anothers_too(risley, evening):
    assert refused(evening.get_delivery, str(UUID(int=1)), facilitator=str(risley.ids["ana"])).code == "not_found"
    assert {row.state for row in risley.rows(sessions)} == {"planned"}
