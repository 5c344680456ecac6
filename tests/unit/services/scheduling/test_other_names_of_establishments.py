"""The names an establishment also goes by: read from the register, kept, and told to the others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.engine import URL, make_url

from services.scheduling import importer
from services.scheduling.queries import places
from services.scheduling.records import load_establishment
from services.scheduling.tables import messaging, metadata
from shared.persistence.database import Database
from shared.persistence.work import Store

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
REGISTER = """prison_id,name,name_cy,active,town,country,other_names
YHI,Ynys Hir (HMP),Carchar Ynys Hir,true,Aberystwyth,Wales,Tŷ Gwyn; Old  Quay ;;Tŷ Gwyn;Ynys Hir (HMP)
RSI,Risley (HMP),,true,Warrington,England,
"""
NAMES = ("Carchar Ynys Hir", "Tŷ Gwyn", "Old Quay")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "sqlite":
        url = URL.create("sqlite", database=str(tmp_path / "scheduling.sqlite3"))
    else:
        url = make_url(request.getfixturevalue("postgres").new_database("other_names"))
        url = url.set(drivername="postgresql+psycopg")
    database = Database(url)
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: NINE, "scheduling")
    database.close()


def taken(store, text):
    with store.work() as work:
        report = importer.import_establishments(work, text)
        return report, [(each.subject, each.sequence, each.data.get("other_names")) for each in work.news]


def test_other_names_are_read_kept_and_told(store):
    report, told = taken(store, REGISTER)

    assert report.added == 2
    assert told == [("YHI", 1, list(NAMES)), ("RSI", 1, None)]
    with store.database.reading() as connection:
        assert load_establishment(connection, "YHI").other_names == NAMES
        assert load_establishment(connection, "RSI").other_names == ()


def test_a_further_name_is_news_and_the_same_ones_are_not(store):
    taken(store, REGISTER)

    assert taken(store, REGISTER)[0].unchanged == 2
    report, told = taken(store, REGISTER.replace("England,", "England,Grizzly"))

    assert (report.changed, report.unchanged) == (1, 1)
    assert told == [("RSI", 2, ["Grizzly"])]


def test_an_older_register_without_the_columns_is_read_too(store):
    report, told = taken(store, "prison_id,name,active,town,country\nRSI,Risley (HMP),true,Warrington,England\n")

    assert (report.added, told) == (1, [("RSI", 1, None)])


def test_a_name_too_long_refuses_its_row_alone(store):
    report, _ = taken(store, REGISTER.replace("Old  Quay", "x" * 201))

    assert report.added == 1
    assert "200 characters" in report.refused[0]["why"]


@pytest.mark.parametrize("search", ["carchar", "old quay", "yhi", "aberyst"])
def test_operators_find_an_establishment_by_its_other_names(store, search):
    taken(store, REGISTER)

    with store.database.reading() as connection:
        [found] = places.list_establishments(connection, search=search, limit=10)

    assert (found["id"], tuple(found["other_names"])) == ("YHI", NAMES)


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ({"nation": "wales"}, ["YHI"]),
        ({"nation": "scotland"}, []),
        ({"active": True}, ["RSI", "YHI"]),
        ({"active": False}, []),
        ({"nation": "england", "active": True}, ["RSI"]),
    ],
)
def test_operators_list_those_of_a_nation_or_in_use(store, which, found):
    taken(store, REGISTER)

    with store.database.reading() as connection:
        listed = places.list_establishments(connection, search=None, limit=10, **which)

    assert sorted(each["id"] for each in listed) == found


def test_for_a_choice_among_all_their_names_are_enough(store):
    taken(store, REGISTER)

    with store.database.reading() as connection:
        named = places.list_establishments(connection, search=None, limit=10, brief=True)
        whole = places.list_establishments(connection, search=None, limit=10)

    assert named == [{"id": each["id"], "name": each["name"]} for each in whole]
