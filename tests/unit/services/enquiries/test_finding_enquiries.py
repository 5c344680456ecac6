"""Listing, filtering and searching enquiries, on both databases."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from services.enquiries import queries
from services.enquiries.domain.filters import parse_cursor, parse_filter
from services.enquiries.domain.timeline import Kind
from services.enquiries.doors.searching import SearchDoors
from services.enquiries.handlers import history, matching, people, searching
from services.enquiries.queries import searching as finding
from services.enquiries.schemas import PROGRAMMES
from services.enquiries.tables import contacts, enquiries, search_entries, tasks
from shared.errors import Refused
from tests.enquiry_store import at, emptied, filed, know_establishment, new_database, post, row_of, rows

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("finding"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return emptied(database, NOW)


def later(store, **gap):
    return at(store, NOW + timedelta(**gap))


def listed(store, *, limit=50, after=None, **fields):
    wanted = parse_filter(fields, PROGRAMMES)
    with store.database.reading() as connection:
        found = queries.list_enquiries(
            connection, wanted, now=NOW, limit=limit, after=parse_cursor(after) if after else None
        )
    return [each["reference"] for each in found]


def found(store, words, **fields):
    return listed(store, text=words, **{"standing": "any", **fields})


def change(store, reference, **values):
    with store.work() as work:
        work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(**values))


def test_an_enquiry_is_found_by_everything_that_was_said_in_it(store):
    know_establishment(store, "RSI", "Risley (HMP)", town="Warrington", other_names=("Culcheth",))
    mine = filed(store, contact_name="Ffion Môn", message="A quiet room on the education corridor.")
    filed(
        store,
        establishment="Elsewhere",
        contact_name="Sam Hill",
        contact_email="s@hill.example",
        organisation=None,
        message="?",
    )

    for words in ("ffion", "MÔN", "corr educ", "Warrington", "culcheth", "alex.morgan", "ffi mon ris", "faces risley"):
        assert found(store, words) == [mine], words
    assert found(store, "fio mon ris") == []


def test_a_reference_is_found_in_any_spelling_before_it_is_filed_and_after_it_was_erased(store):
    mine = post(store)

    assert found(store, mine) == found(store, mine.lower().replace("-", " ")) == found(store, mine[3:]) == [mine]
    assert found(store, "corridor") == []
    change(store, mine, erased_at=NOW)
    with store.work() as work:
        searching.index_again(work, mine)
    assert found(store, mine) == [mine]


def test_the_erased_are_found_by_no_word(store):
    mine = filed(store)
    assert found(store, "corridor") == [mine]

    change(store, mine, erased_at=NOW)
    with store.work() as work:
        searching.index_again(work, mine)

    assert found(store, "corridor") == []
    assert rows(store, search_entries) == []


def test_a_suspect_is_found_and_shown_with_its_standing(store):
    spam = post(store, message="<a href='https://a.example'>cheap</a> https://b.example https://c.example pills")
    assert row_of(store, spam).standing == "quarantined"

    assert found(store, "cheap pills") == [spam]
    assert found(store, "cheap pills", standing="filed") == []
    assert listed(store) == []
    assert listed(store, standing="quarantined") == [spam]


def test_what_operators_note_is_found_as_well(store):
    mine = filed(store)

    with store.work() as work:
        history.write(work, mine, Kind.NOTED, actor="sam", words="Wants the Thursday slot, see Gwyneth.")

    assert found(store, "gwyneth thursday corridor") == [mine]


def test_something_to_look_for_is_asked_for(store):
    for words in ("kt", "...", "'"):
        with pytest.raises(Refused) as refused:
            found(store, words)
        assert list(refused.value.fields) == ["text"]


@pytest.mark.parametrize("words", ["'; DROP TABLE enquiries --", "a':* | 'b", "100% \\ _", "(((zz", "\u202e\u200b zz"])
def test_no_word_is_ever_a_command(store, words):
    filed(store)

    assert found(store, words) == []


def test_each_filter_lets_through_what_it_says(store):
    know_establishment(store, "RSI", "Risley (HMP)")
    know_establishment(store, "PRI", "Parc (HMP & YOI)")
    one = filed(store)
    two = filed(later(store, hours=1), establishment="Parc", programme="unlocking-the-key-to-compassion")
    three = filed(later(store, days=1), establishment="Somewhere else")
    change(store, one, owner="sam", stage="won")
    change(store, two, waiting_on="prison", first_reply_due_at=NOW - timedelta(hours=1), first_reply_at=None)
    change(store, three, first_reply_due_at=NOW + timedelta(days=2))
    with store.work() as work:
        work.connection.execute(tasks.delete())
        task = {"id": work.new_id(), "kind": "call", "title": "Ring", "due_on": date(2026, 12, 1)}
        work.connection.execute(tasks.insert(), {**task, "reference": two, "created_at": NOW, "created_by": "sam"})

    assert listed(store) == [three, two, one]
    assert listed(store, stage="won") == listed(store, owner="sam") == [one]
    assert (
        listed(store, waiting_on="prison") == listed(store, overdue=True) == listed(store, has_open_task=True) == [two]
    )
    assert listed(store, waiting_on="us") == listed(store, has_open_task=False) == listed(store, overdue=False)
    assert listed(store, waiting_on="us") == [three, one]
    assert listed(store, establishment="pri") == listed(store, establishment="HMP Parc") == [two]
    assert listed(store, programme="unlocking-the-key-to-compassion") == [two]
    assert listed(store, received_from="2026-11-25") == [three]
    assert listed(store, received_to="2026-11-24") == [two, one]
    assert listed(store, text="alex", waiting_on="us", owner="sam") == [one]
    assert listed(store, text="parc", owner="sam") == []


def test_an_establishment_that_is_not_known_is_refused_by_name(store):
    with pytest.raises(Refused) as refused:
        listed(store, establishment="Atlantis")

    assert "'Atlantis' is not one that we know" in refused.value.fields["establishment"][0]


@pytest.mark.parametrize("fields", [{}, {"stage": "new"}, {"text": "alex"}, {"text": "alex", "stage": "new"}])
def test_pages_hold_each_enquiry_once_though_more_come_in_meanwhile(store, fields):
    # Two at each moment, so that a page ends between two of the same time.
    mine = [filed(later(store, minutes=number // 2)) for number in range(7)]
    seen, after = [], None

    for turn in range(4):
        with store.database.reading() as connection:
            place = parse_cursor(after) if after else None
            wanted = parse_filter(fields, PROGRAMMES)
            page = queries.list_enquiries(connection, wanted, now=NOW, limit=2, after=place)
        seen += [each["reference"] for each in page]
        after = page[-1]["cursor"]
        filed(later(store, days=1, minutes=turn))

    assert sorted(seen) == sorted(mine)
    assert [row_of(store, each).received_at for each in seen] == sorted(
        (row_of(store, each).received_at for each in mine), reverse=True
    )


def test_all_ways_to_find_words_find_the_same(store, monkeypatch):
    know_establishment(store, "RSI", "Risley (HMP)")
    for number in range(12):
        name = ("Ann Lee", "Bo Lee", "Annika Ray")[number % 3]
        reference = filed(later(store, minutes=number), contact_name=name, contact_email=f"x{number}@y.example")
        change(store, reference, owner=("sam", None)[number % 2])
    questions = [("lee", {}), ("ann", {}), ("ann lee", {}), ("lee", {"owner": "sam"}), ("risley an", {"owner": "sam"})]
    whole = [found(store, words, **fields) for words, fields in questions]
    assert [len(each) for each in whole] == [8, 8, 4, 4, 4]

    # As it goes once there are more than are read through: the index is asked for the rest.
    monkeypatch.setattr(finding, "SAMPLE", 1)
    for lately, common in itertools.product((1, 5, 1000), (1, 6, 1000)):
        monkeypatch.setattr(finding, "LATELY", lately)
        monkeypatch.setattr(finding, "LATELY_FILTERED", lately)
        monkeypatch.setattr(finding, "COMMON", common)
        assert [found(store, words, **fields) for words, fields in questions] == whole


class Doors(SearchDoors):
    def __init__(self, store):
        self.store = store


def test_a_filter_is_kept_used_replaced_and_forgotten_by_its_owner_alone(store):
    doors = Doors(store)
    mine = filed(store)
    change(store, mine, owner="sam")

    doors.save_filter(name="mine", fields={"owner": "nobody"}, actor="sam")
    doors.save_filter(name=" mine ", fields={"owner": "sam", "stage": None}, actor="sam")

    assert [(each["name"], each["filter"]) for each in doors.list_filters(actor="sam")] == [("mine", {"owner": "sam"})]
    assert doors.list_filters(actor="kim") == []
    assert [each["reference"] for each in doors.list_enquiries(saved="mine", actor="sam")] == [mine]
    assert doors.list_enquiries(saved="mine", stage="won", actor="sam") == []
    for ask in (doors.list_enquiries, doors.forget_filter):
        with pytest.raises(Refused) as refused:
            ask(actor="kim", **({"saved": "mine"} if ask == doors.list_enquiries else {"name": "mine"}))
        assert refused.value.code == "not_found"
    assert doors.forget_filter(name="mine", actor="sam") == {"forgotten": "mine"}
    assert doors.list_filters(actor="sam") == []


def test_a_filter_with_a_field_that_is_not_known_is_refused_by_name(store):
    doors = Doors(store)

    for ask in (
        lambda: doors.list_enquiries(colour="blue"),
        lambda: doors.save_filter(name="x", fields={"colour": "blue"}),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert list(refused.value.fields) == ["colour"]
    with pytest.raises(Refused):
        doors.save_filter(name="x", fields={"owner": None})


def test_a_search_pages_on(store):
    mine = [filed(later(store, minutes=number)) for number in range(3)]
    doors = Doors(store)

    first = doors.search_enquiries("corridor", limit=2)
    rest = doors.search_enquiries("corridor", limit=2, after=first[-1]["cursor"])

    assert [each["reference"] for each in first + rest] == mine[::-1]
    assert first[0]["standing"] == "filed"


def test_an_enquiry_is_found_by_whom_it_was_linked_to_and_by_what_they_are_called_now(store):
    mine = filed(store)
    with store.work() as work:
        known = work.new_id()
        row = {"id": known, "name": "Gwyneth Pugh", "email": "g@pugh.example", "source": "hand", "created_at": NOW}
        work.connection.execute(contacts.insert(), {**row, "status_since": NOW})
    with store.work() as work:
        matching.link_contact(work, mine, known, actor="sam")
    assert found(store, "gwyneth") == [mine]

    with store.work() as work:
        people.change_contact(work, known, {"name": "Gwyneth Rees"}, keys=("a-key",), actor="sam")

    assert (found(store, "rees"), found(store, "pugh rees")) == ([mine], [mine])
    assert found(store, "corridor rees") == [mine]
