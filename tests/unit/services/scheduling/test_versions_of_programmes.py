"""Programmes come in versions: a live one never changes, and runs keep the one they were planned with."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from services.scheduling.domain.programmes import MANY_FACES, KitItem, problems_of
from services.scheduling.handlers import programmes
from services.scheduling.programme_schemas import read_changes
from services.scheduling.queries.programmes import get_programme, list_programmes
from services.scheduling.tables import runs, sessions
from shared.errors import Refused
from tests.unit.services.scheduling import hold_cast as cast

SLUG = "many-faces-of-trauma"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    made = cast.new_database(request.param, tmp_path_factory.mktemp("programmes"), request)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return cast.emptied(database)


def drafted(store, **changes):
    with store.work() as work:
        return programmes.draft_programme_version(work, SLUG, read_changes(changes))


def published(store, version=None):
    with store.work() as work:
        return programmes.publish_programme_version(work, SLUG, version)


def shown(store, version=None):
    with store.database.reading() as connection:
        return get_programme(connection, SLUG, version)


def test_a_draft_is_the_next_version_and_the_live_one_stays_as_it_is(store):
    number = drafted(store, sessions=12, minimum_dose=10)

    live, draft = shown(store), shown(store, 2)
    assert (number, live["version"], live["state"], live["sessions"]) == (2, 1, "live", 16)
    assert (draft["state"], draft["sessions"], draft["minimum_dose"], draft["minutes"]) == ("draft", 12, 10, 180)
    assert live["versions"] == [{"version": 1, "state": "live"}, {"version": 2, "state": "draft"}]


def test_drafting_again_changes_the_draft_and_keeps_what_was_drafted(store):
    drafted(store, sessions=12, minimum_dose=10)

    number = drafted(store, minutes=150)

    draft = shown(store, number)
    assert (number, draft["sessions"], draft["minutes"]) == (2, 12, 150)


def test_publishing_retires_the_live_one_and_new_runs_take_the_new_one_while_old_ones_keep_theirs(store):
    team = cast.pair(store)
    before = cast.draft(store, "KT-1", "FSI", team)
    drafted(store, sessions=12, minimum_dose=10)
    published(store)

    after = cast.draft(store, "KT-2", "FSI", team, start=date(2027, 3, 3), weekday="wed")

    assert [(each["version"], each["state"]) for each in shown(store)["versions"]] == [(1, "retired"), (2, "live")]
    with store.database.reading() as connection:
        version = dict(connection.execute(select(runs.c.id, runs.c.programme_version)).all())
        dates = {
            run: len(connection.execute(select(sessions).where(sessions.c.run_id == run)).all()) for run in version
        }
    assert (version, dates) == ({before: 1, after: 2}, {before: 16, after: 12})
    cast.confirm(store, before)
    assert cast.booked(store, before) == 32
    assert (shown(store, 1)["runs"], shown(store, 2)["runs"]) == (1, 1)


def test_a_version_after_a_published_one_starts_from_the_live_one(store):
    drafted(store, sessions=12, minimum_dose=10)
    published(store, 2)

    assert drafted(store, min_group=4) == 3
    assert (shown(store, 3)["sessions"], shown(store, 3)["min_group"]) == (12, 4)


@pytest.mark.parametrize("version", [None, 1, 7])
def test_what_is_no_draft_is_not_published(store, version):
    with pytest.raises(Refused, match="nothing to publish") as refused:
        published(store, version)

    assert refused.value.code == "refused"
    assert shown(store)["state"] == "live"


def test_a_retired_programme_takes_no_new_runs_and_is_retired_once(store):
    with store.work() as work:
        assert programmes.retire_programme(work, SLUG) == 1

    with store.database.reading() as connection:
        assert [each["slug"] for each in list_programmes(connection)] == ["unlocking-the-key-to-compassion"]
        assert len(list_programmes(connection, every=True)) == 2
    with pytest.raises(Refused, match="no programme"):
        cast.draft(store, "KT-1", "FSI", cast.pair(store))
    with pytest.raises(Refused, match="nothing to retire"), store.work() as work:
        programmes.retire_programme(work, SLUG)
    assert shown(store)["state"] == "retired"


def test_a_retired_programme_can_be_brought_back_by_a_new_version(store):
    with store.work() as work:
        programmes.retire_programme(work, SLUG)

    drafted(store, min_group=2)
    published(store)

    assert (shown(store)["version"], shown(store)["state"]) == (2, "live")


def test_an_unknown_programme_and_an_unknown_version_are_not_found(store):
    with pytest.raises(Refused) as refused, store.work() as work:
        programmes.draft_programme_version(work, "nothing-of-ours", {"sessions": 3})
    assert refused.value.code == "not_found"
    with pytest.raises(Refused, match="no version 9"):
        shown(store, 9)


def test_nothing_is_stored_of_a_draft_that_cannot_be(store):
    with pytest.raises(Refused) as refused:
        drafted(store, sessions=8)

    assert list(refused.value.fields) == ["minimum_dose"]
    assert "1 to 8" in refused.value.fields["minimum_dose"][0]
    assert shown(store)["versions"] == [{"version": 1, "state": "live"}]
    with pytest.raises(Refused, match="what is to change"):
        drafted(store)


def test_seeding_again_leaves_versions_as_they_are(store):
    drafted(store, min_group=2)
    published(store)

    with store.work() as work:
        programmes.load_catalogue(work)

    assert [each["state"] for each in shown(store)["versions"]] == ["retired", "live"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"minutes": 14}, "minutes"),
        ({"minutes": 481}, "minutes"),
        ({"sessions": 0, "minimum_dose": 0}, "sessions"),
        ({"sessions": 61}, "sessions"),
        ({"min_group": 13}, "max_group"),
        ({"min_group": 0}, "max_group"),
        ({"minimum_dose": 17}, "minimum_dose"),
        ({"minimum_dose": 0}, "minimum_dose"),
        ({"min_facilitators": 0}, "min_facilitators"),
        ({"price_pence": -1}, "price_pence"),
        ({"modes": ()}, "modes"),
        ({"modes": ("by_post",)}, "modes"),
        ({"kit": (KitItem("Workbooks", 12), KitItem("workbooks", 1))}, "kit"),
        ({"accreditations": ("NADA",), "one_needs": ("NADA",)}, "one_needs"),
    ],
)
def test_a_programme_that_cannot_be_put_on_says_which_field_and_the_mend(changes, field):
    problems = problems_of(replace(MANY_FACES, **changes))

    assert field in problems
    assert all(sentence.endswith(".") for sentence in problems[field])


@pytest.mark.parametrize("changes", [{"minutes": 15}, {"minutes": 480}, {"sessions": 60}, {"minimum_dose": 16}])
def test_the_limits_themselves_are_fine(changes):
    assert problems_of(replace(MANY_FACES, **changes)) == {}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Another"}, "name"),
        ({"schema": 1}, "schema"),
        ({"sessions": "twelve"}, "sessions"),
        ({"modes": ["by_post"]}, "modes"),
        ({"kit": [{"item": "A1234BC", "quantity": 1}]}, "kit"),
        ({"kit": [{"item": "needles", "quantity": 0}]}, "kit"),
        ({"kit": [{"quantity": 1}]}, "kit"),
        ({"one_needs": ["A1234BC"]}, "one_needs"),
        ({"price_unit": "hour"}, "price_unit"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_field(changes, field):
    with pytest.raises(Refused) as refused:
        read_changes(changes)

    assert refused.value.code == "invalid"
    assert list(refused.value.fields) == [field]


def test_lists_are_kept_in_order_and_nothing_twice():
    changes = read_changes(
        {"one_needs": ["NADA", "NADA"], "kit": [{"item": "needles", "quantity": 3, "risk": "sharp"}]}
    )

    assert changes == {"one_needs": ("NADA",), "kit": (KitItem("needles", 3, "sharp"),)}
    with pytest.raises(Refused, match="Give what changes"):
        read_changes(["sessions"])
