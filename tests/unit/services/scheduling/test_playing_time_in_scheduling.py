"""The calendar's jobs are played as of another time, where that is allowed."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from services.scheduling.doors.people import PeopleDoors
from services.scheduling.doors.upkeep import UpkeepDoors
from shared.errors import Refused
from tests.unit.services.scheduling import hold_cast
from tests.unit.services.scheduling import people_cast as cast


class Doors(PeopleDoors, UpkeepDoors):
    """Two of the service's nouns, one of which has a clock."""


@pytest.fixture
def doors(tmp_path, request):
    database = hold_cast.new_database("sqlite", tmp_path, request)
    made = Doors()
    made.store = cast.emptied(database)
    made.settings = SimpleNamespace(may_play_time=True)
    yield made
    database.close()


def test_what_would_be_told_then_is_told_and_the_doors_keep_their_own_time(doors):
    ana = cast.person(doors.store, "Ana Reyes")
    cast.cleared(doors.store, ana, "RSI", date(2025, 3, 20), date(2027, 3, 19))
    own_time = doors.store.clock()

    played = doors.run_due_jobs("2026-12-19T15:00")

    assert played == {"as_of": "2026-12-19T15:00:00+00:00", "ran": {"tell_of_expiries": 1}}
    assert [each.days_left for each in cast.news(doors.store)] == [90]
    assert doors.store.clock() == own_time


def test_no_other_time_is_played_in_production_and_none_that_is_no_time(doors):
    with pytest.raises(Refused) as unread:
        doors.run_due_jobs("tomorrow")
    doors.settings = SimpleNamespace(may_play_time=False)
    with pytest.raises(Refused) as forbidden:
        doors.run_due_jobs("2026-12-19T15:00")

    assert (unread.value.code, forbidden.value.code) == ("invalid", "forbidden")
