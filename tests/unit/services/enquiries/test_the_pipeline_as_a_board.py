"""The pipeline as a board: totals, cards, clocks and pages, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from services.enquiries.domain.pipeline import Stage, next_stages
from services.enquiries.doors.reports import ReportDoors
from services.enquiries.doors.searching import SearchDoors
from services.enquiries.tables import enquiries, organisations, tasks
from shared.errors import Refused
from tests.enquiry_store import at, emptied, filed, know_establishment, new_database, post, row_of

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Doors(ReportDoors, SearchDoors):
    def __init__(self, store):
        self.store = store


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("board"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return emptied(database, NOW)


def change(store, reference, **values):
    with store.work() as work:
        work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(**values))


def column(board, stage):
    [found] = [each for each in board["stages"] if each["stage"] == stage]
    return found


def shown(board):
    return {each["stage"]: [card["reference"] for card in each["cards"]] for each in board["stages"] if each["cards"]}


def test_every_stage_has_its_column_in_the_order_of_the_pipeline(store):
    one, two = filed(store), filed(at(store, NOW + timedelta(minutes=1)))
    three = filed(store)
    change(store, three, stage="won")

    board = Doors(store).get_board()

    assert [each["stage"] for each in board["stages"]] == [stage.value for stage in Stage]
    assert shown(board) == {"new": [two, one], "won": [three]}
    assert {each["stage"]: each["total"] for each in board["stages"] if each["total"]} == {"new": 2, "won": 1}
    assert [each["stage"] for each in board["stages"] if each["open"]] == [stage.value for stage in list(Stage)[:5]]


def test_a_column_shows_its_newest_and_its_cursor_leads_to_the_rest(store):
    mine = [filed(at(store, NOW + timedelta(minutes=number))) for number in range(7)][::-1]
    doors = Doors(store)

    new = column(doors.get_board(per_stage=3), "new")
    rest = doors.list_cards("new", after=new["more"], limit=3)
    last = doors.list_cards("new", after=rest[-1]["cursor"])

    assert (new["total"], [each["reference"] for each in (*new["cards"], *rest, *last)]) == (7, mine)
    assert column(doors.get_board(per_stage=7), "new")["more"] is None
    assert [each["reference"] for each in doors.list_enquiries(stage="new", after=new["more"])] == mine[3:]


def test_each_column_shows_and_counts_what_the_list_shows_of_its_stage(store):
    know_establishment(store, "RSI", "Risley (HMP)")
    know_establishment(store, "PRI", "Parc (HMP & YOI)")
    for number in range(12):
        place = ("Risley", "Parc", "Elsewhere")[number % 3]
        programme = ("many-faces-of-trauma", "unlocking-the-key-to-compassion")[number % 2]
        reference = filed(at(store, NOW - timedelta(days=number)), establishment=place, programme=programme)
        change(
            store,
            reference,
            stage=("new", "suitability", "lapsed")[number // 4],
            owner=("sam", None)[number % 2],
            waiting_on=("us", "prison")[number // 6],
        )
    to_do = (reference, filed(store))
    with store.work() as work:
        work.connection.execute(tasks.delete())
        for reference in to_do:
            task = {"id": work.new_id(), "kind": "call", "title": "Ring", "due_on": date(2026, 12, 1)}
            work.connection.execute(
                tasks.insert(), {**task, "reference": reference, "created_at": NOW, "created_by": "x"}
            )
        unbound = {"id": work.new_id(), "kind": "call", "title": "Ring", "due_on": date(2026, 12, 1)}
        work.connection.execute(tasks.insert(), {**unbound, "created_at": NOW, "created_by": "x"})
    doors = Doors(store)

    for fields in (
        {},
        {"owner": "sam"},
        {"waiting_on": "prison"},
        {"programme": "unlocking-the-key-to-compassion"},
        {"establishment": "Parc"},
        {"received_from": "2026-11-18", "received_to": "2026-11-22"},
        {"overdue": True},
        {"overdue": False},
        {"has_open_task": True},
        {"has_open_task": False},
        {"standing": "any", "owner": "sam"},
    ):
        board = doors.get_board(**fields)
        for stage in Stage:
            listed = [each["reference"] for each in doors.list_enquiries(stage=stage.value, **fields)]
            assert (column(board, stage.value)["total"], shown(board).get(stage.value, [])) == (len(listed), listed), (
                fields
            )
            assert [each["reference"] for each in doors.list_cards(stage.value, **fields)] == listed


def test_a_kept_filter_serves_the_board_as_it_serves_the_list(store):
    mine = filed(store)
    filed(store)
    change(store, mine, owner="sam")
    doors = Doors(store)
    doors.save_filter(name="mine", fields={"owner": "sam"}, actor="priya")

    assert shown(doors.get_board(saved="mine", actor="priya")) == {"new": [mine]}
    assert [each["reference"] for each in doors.list_cards("new", saved="mine", actor="priya")] == [mine]
    with pytest.raises(Refused):
        doors.get_board(saved="mine", actor="sam")


def test_one_stage_may_be_asked_for_alone(store):
    filed(store)

    board = Doors(store).get_board(stage="new")

    assert [each["stage"] for each in board["stages"]] == ["new"]


def test_a_card_says_whose_it_is_how_old_it_is_and_what_comes_next(store):
    know_establishment(store, "RSI", "Risley (HMP)")
    mine = filed(at(store, NOW - timedelta(days=3)))
    with store.work() as work:
        known = work.new_id()
        kind = {"id": known, "kind": "provider", "name": "Open Door Trust", "bare_name": "open door trust"}
        work.connection.execute(organisations.insert(), {**kind, "created_at": NOW, "created_by": "sam"})
        work.connection.execute(tasks.delete())
        for title, due_on, more in (
            ("later", date(2026, 12, 2), {}),
            ("first", date(2026, 12, 1), {"owner": "kim"}),
            ("done", date(2026, 11, 1), {"done_at": NOW}),
        ):
            task = {"id": work.new_id(), "kind": "call", "title": title, "due_on": due_on, "reference": mine}
            work.connection.execute(tasks.insert(), {**task, **more, "created_at": NOW, "created_by": "sam"})
    change(store, mine, owner="sam", organisation_id=known)

    [card] = column(Doors(store).get_board(), "new")["cards"]

    assert (card["establishment"], card["organisation"], card["owner"]) == ("Risley (HMP)", "Open Door Trust", "sam")
    assert (card["age_days"], card["waiting_on"]) == (3, "us")
    assert (card["next_step"]["title"], card["next_step"]["due_on"]) == ("first", "2026-12-01")
    assert card["next_step"]["owner"] == "kim"
    row = row_of(store, mine)
    assert not {row.contact_name, row.contact_email, row.message} & set(map(str, card.values()))


def test_a_card_says_how_its_clock_stands(store):
    reference = filed(at(store, NOW - timedelta(days=7)))
    doors = Doors(store)

    def clock():
        cards = [card for each in doors.get_board()["stages"] for card in each["cards"]]
        return cards[0]["clock"]

    assert (clock()["clock"], clock()["state"]) == ("first_reply", "late")
    change(store, reference, waiting_on="prison")
    assert (clock()["clock"], clock()["side"], clock()["step"]) == ("answer", "prison", "first_nudge")
    change(store, reference, waiting_on="funder")
    assert clock()["step"] is None
    change(store, reference, waiting_on="us", first_reply_at=NOW)
    assert clock() is None
    change(store, reference, waiting_on="prison", stage="won")
    assert clock() is None


def test_the_moves_from_a_stage_come_with_what_each_asks(store):
    new = column(Doors(store).get_board(), "new")

    assert [each["to"] for each in new["moves"]] == [stage.value for stage in next_stages(Stage.NEW)]
    asked = {each["to"]: (each["forward"], each["needs_reason"]) for each in new["moves"]}
    assert (asked["availability"], asked["spam"]) == ((True, False), (False, True))
    ready = column(Doors(store).get_board(), "availability")["questions"]["many-faces-of-trauma"]
    assert [each["item"] for each in ready] == ["window_fit", "weeks", "room"]
    assert column(Doors(store).get_board(), "won")["moves"] == []
    assert column(Doors(store).get_board(), "won")["questions"] == {}


def test_a_suspect_is_on_the_board_only_where_it_is_asked_for(store):
    spam = post(store, message="<a href='https://a.example'>cheap</a> https://b.example https://c.example pills")
    doors = Doors(store)

    assert shown(doors.get_board()) == {}
    assert shown(doors.get_board(standing="quarantined")) == {"new": [spam]}
    assert column(doors.get_board(standing="any"), "new")["cards"][0]["clock"] is None


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"per_stage": 0}, "per_stage"),
        ({"per_stage": 101}, "per_stage"),
        ({"per_stage": "5"}, "per_stage"),
        ({"colour": "blue"}, "colour"),
        ({"establishment": "Atlantis"}, "establishment"),
        ({"text": "risley"}, "text"),
    ],
)
def test_a_board_that_cannot_be_shown_is_refused_by_field(store, asked, field):
    with pytest.raises(Refused) as refused:
        Doors(store).get_board(**asked)

    assert list(refused.value.fields) == [field]
