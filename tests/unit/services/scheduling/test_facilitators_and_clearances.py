"""Facilitators: changed, accredited, away, cleared, gone, erased; and who may go where."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from services.scheduling.doors.people import PeopleDoors
from services.scheduling.handlers.feeds import make_feed
from services.scheduling.queries import privacy
from services.scheduling.tables import assignments, feeds, gate_memos, messaging, metadata, offers
from shared.errors import Refused
from shared.persistence.work import new_id
from tests.unit.services.scheduling import hold_cast
from tests.unit.services.scheduling import people_cast as cast

FROM, UNTIL = date(2026, 3, 20), date(2027, 3, 19)
NOBODY = str(UUID(int=0))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    made = hold_cast.new_database(request.param, tmp_path_factory.mktemp("people"), request)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return cast.emptied(database)


@pytest.fixture
def doors(store):
    made = PeopleDoors()
    made.store = store
    return made


@pytest.fixture
def ana(doors):
    return doors.add_facilitator("Ana Reyes", "ana@facilitators.example")["id"]


def refusal(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value


def test_what_is_given_changes_and_the_rest_stays(doors, ana):
    doors.change_facilitator(ana, latitude=53.40712, longitude=-2.59123, insured_until="2027-06-30", vehicle="AB12 CDE")
    doors.change_facilitator(ana, name="Ana Reyes-Ŵyn", max_sessions_a_week=3)

    shown = doors.get_facilitator(ana)

    assert (shown["name"], shown["max_sessions_a_week"], shown["max_groups_a_day"]) == ("Ana Reyes-Ŵyn", 3, 2)
    # Where somebody lives is kept to about a kilometre.
    assert (shown["latitude"], shown["longitude"]) == (53.41, -2.59)
    assert (shown["insured_until"], shown["vehicle"]) == ("2027-06-30", "AB12 CDE")

    emptied = doors.change_facilitator(ana, empty=["base", "vehicle"])
    assert (emptied["latitude"], emptied["longitude"], emptied["vehicle"]) == (None, None, None)
    assert emptied["insured_until"] == "2027-06-30"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"latitude": 53.4}, "latitude"),
        ({"latitude": -2.59, "longitude": 53.4}, "latitude"),  # the wrong way round
        ({"state": "gone"}, "state"),
        ({"name": "=HYPERLINK(A1)"}, "name"),
        ({"name": ""}, "name"),
        ({"email": "ana"}, "email"),
        ({"travel_limit_minutes": -1}, "travel_limit_minutes"),
        ({"insured_until": "30/06/2027"}, "insured_until"),
        ({"empty": ["name"]}, "empty"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(doors, ana, changes, field):
    before = doors.get_facilitator(ana)

    refused = refusal(doors.change_facilitator, ana, **changes)

    assert refused.code == "invalid"
    assert field in refused.fields
    assert doors.get_facilitator(ana) == before


def test_an_address_is_one_persons_in_any_case(doors, ana):
    assert refusal(doors.add_facilitator, "Another", "ANA@facilitators.example").code == "conflict"
    tom = doors.add_facilitator("Tom", "tom@facilitators.example")["id"]
    assert refusal(doors.change_facilitator, tom, email="Ana@facilitators.example").code == "conflict"
    assert doors.change_facilitator(ana, email="Ana@facilitators.example")["email"] == "Ana@facilitators.example"


def test_accreditations_are_added_renewed_and_ended(doors, ana):
    doors.add_accreditation(ana, "NADA", "2025-03-01", "2028-02-29")
    doors.add_accreditation(ana, "NADA", "2025-03-01", "2028-03-31")
    doors.add_accreditation(ana, "many-faces-of-trauma", "2026-01-10")

    held = doors.get_facilitator(ana)["accreditations"]

    assert [(each["kind"], each["valid_until"]) for each in held] == [
        ("NADA", "2028-03-31"),
        ("many-faces-of-trauma", None),
    ]
    ended = doors.end_accreditation(held[1]["id"], "2026-12-31")
    assert ended["accreditations"][1]["valid_until"] == "2026-12-31"
    assert refusal(doors.end_accreditation, held[1]["id"], "2026-01-09").code == "invalid"
    assert refusal(doors.end_accreditation, NOBODY, "2026-01-09").code == "not_found"


def test_an_accreditation_is_one_from_the_list_with_its_dates_in_order(doors, ana):
    assert "safeguarding" in refusal(doors.add_accreditation, ana, "Ana's own", "2025-03-01").fields["kind"][0]
    backwards = refusal(doors.add_accreditation, ana, "NADA", "2025-03-01", "2025-02-28")
    assert backwards.fields == {
        "valid_until": ["an accreditation cannot end before it starts on 1 March 2025. Give that date or a later one."]
    }


def test_leave_lists_the_sessions_in_it_and_holds_no_reason(store, doors, ana):
    days = [date(2027, 1, day) for day in (12, 19, 26)]
    cast.a_run(store, "KT-RSI", "RSI", days, (UUID(ana),), state="confirmed")

    away = doors.add_leave(ana, "2027-01-18", "2027-01-22")

    assert [(each["number"], each["date"], each["establishment"]) for each in away["needs_cover"]] == [
        (2, "2027-01-19", "Risley (HMP)")
    ]
    assert doors.add_leave(ana, "2027-01-18", "2027-01-22")["leave"] == away["leave"]
    assert list(metadata.tables["leave"].columns.keys()) == ["id", "facilitator_id", "first", "last"]
    assert refusal(doors.add_leave, ana, "2027-01-22", "2027-01-21").code == "invalid"
    assert doors.remove_leave(away["leave"][0]["id"])["leave"] == []
    assert refusal(doors.remove_leave, away["leave"][0]["id"]).code == "not_found"


def test_a_week_is_set_whole_and_refused_where_hours_overlap(doors, ana):
    week = [
        {"weekday": "wed", "start": "13:00", "end": "17:00"},
        {"weekday": "tue", "start": "09:00", "end": "12:00"},
        {"weekday": "tue", "start": "12:00", "end": "17:00"},
    ]
    shown = doors.set_working_hours(ana, week)
    assert [(each["weekday"], each["start"]) for each in shown["hours"]] == [
        ("tue", "09:00"),
        ("tue", "12:00"),
        ("wed", "13:00"),
    ]

    overlapping = [*week, {"weekday": "tue", "start": "11:00", "end": "13:00"}]
    assert "overlap" in refusal(doors.set_working_hours, ana, overlapping).fields["hours"][0]
    assert refusal(doors.set_working_hours, ana, [{"weekday": "tue", "start": "22:00", "end": "02:00"}]).fields
    assert doors.get_facilitator(ana)["hours"] == shown["hours"]
    assert doors.set_working_hours(ana, [])["hours"] == []


def test_a_clearance_is_as_the_letter_has_it_and_a_renewal_stands_beside_it(doors, ana):
    first = doors.grant_clearance(ana, "rsi", "2026-03-20", "2027-03-19", keys_until="2027-01-31", ctc=True)
    again = doors.grant_clearance(ana, "RSI", "2026-03-20", "2027-04-19")
    renewal = doors.grant_clearance(ana, "RSI", "2027-03-20", "2029-03-19")

    assert (first["establishment"], first["keys_until"], first["ctc"]) == ("RSI", "2027-01-31", True)
    assert (again["id"], again["valid_until"], again["keys_until"]) == (first["id"], "2027-04-19", None)
    assert [each["id"] for each in doors.get_facilitator(ana)["clearances"]] == [first["id"], renewal["id"]]
    assert {each["establishment_name"] for each in doors.get_facilitator(ana)["clearances"]} == {"Risley (HMP)"}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"valid_until": "2026-03-19"}, "valid_until"),
        ({"keys_until": "2026-03-19"}, "keys_until"),
        ({"level": "top secret"}, "level"),
        ({"state": "maybe"}, "state"),
        ({"valid_from": "2026-02-30"}, "valid_from"),
        ({"establishment": "XXI"}, "establishment"),
        ({"facilitator": NOBODY}, "facilitator"),
        ({"facilitator": "ana"}, "facilitator"),
    ],
)
def test_a_clearance_that_cannot_be_is_refused_at_its_field(doors, ana, arguments, field):
    given = {"facilitator": ana, "establishment": "RSI", "valid_from": "2026-03-20", "valid_until": "2027-03-19"}

    assert field in refusal(doors.grant_clearance, **{**given, **arguments}).fields
    assert doors.get_facilitator(ana)["clearances"] == []


def test_what_was_applied_for_is_granted_with_both_dates_of_the_letter(doors, ana):
    asked_for = doors.grant_clearance(ana, "RSI", "2026-12-01", "2027-12-01", state="applied", site_access=False)

    refused = refusal(doors.change_clearance, asked_for["id"], state="granted", valid_until="2028-01-01")
    granted = doors.change_clearance(
        asked_for["id"], state="granted", valid_from="2026-12-14", valid_until="2029-12-13", site_access=True
    )

    assert set(refused.fields) == {"valid_from", "valid_until"}
    assert (granted["state"], granted["valid_from"], granted["valid_until"]) == ("granted", "2026-12-14", "2029-12-13")


def test_a_suspended_clearance_opens_nothing_until_it_is_granted_again(doors, ana):
    held = doors.grant_clearance(ana, "RSI", FROM.isoformat(), "2029-03-19")

    assert doors.suspend_clearance(held["id"])["state"] == "suspended"
    assert doors.clearance_matrix()["facilitators"][0]["cells"][0]["state"] == "suspended"
    assert "granted" in refusal(doors.change_clearance, held["id"], state="applied").fields["state"][0]
    assert doors.change_clearance(held["id"], state="granted")["state"] == "granted"
    assert doors.clearance_matrix()["facilitators"][0]["cells"][0]["state"] == "valid"


def test_a_change_that_would_make_two_of_one_or_dates_out_of_order_is_refused(doors, ana):
    one = doors.grant_clearance(ana, "RSI", "2026-03-20", "2027-03-19")
    doors.grant_clearance(ana, "RSI", "2027-03-20", "2029-03-19")

    assert (
        refusal(doors.change_clearance, one["id"], valid_from="2027-03-20", valid_until="2028-01-01").code == "conflict"
    )
    assert "valid_until" in refusal(doors.change_clearance, one["id"], valid_until="2026-03-19").fields
    assert refusal(doors.change_clearance, NOBODY, level="baseline").code == "not_found"


def test_each_session_ahead_says_how_its_run_stands_and_a_draft_needs_no_cover(store, doors, ana):
    for day, state in ((19, "draft"), (20, "held"), (21, "confirmed")):
        cast.a_run(store, f"KT-{state}", "RSI", [date(2027, 1, day)], (UUID(ana),), state=state)

    ahead = doors.list_sessions_ahead(ana)
    away = doors.add_leave(ana, "2027-01-18", "2027-01-22")
    gone = doors.change_facilitator(ana, state="left")

    assert [(each["date"], each["run_state"]) for each in ahead] == [
        ("2027-01-19", "draft"),
        ("2027-01-20", "held"),
        ("2027-01-21", "confirmed"),
    ]
    assert away["needs_cover"] == gone["needs_cover"] == ahead[1:]


def test_escorts_are_agreed_for_a_day_to_come_and_called_off(doors, ana):
    for _ in range(2):
        agreed = doors.agree_escort(ana, "rsi", "2026-12-01", actor="Priya")
    assert agreed["escorts"] == [{"establishment": "RSI", "date": "2026-12-01"}]
    assert refusal(doors.agree_escort, ana, "RSI", "2026-11-30").fields == {
        "date": ["30 November 2026 is over. Give today or a later date."]
    }
    assert doors.call_off_escort(ana, "RSI", "2026-12-01")["escorts"] == []
    assert refusal(doors.call_off_escort, ana, "RSI", "2026-12-01").code == "not_found"


def test_the_matrix_has_a_cell_for_each_person_and_place_sorted(store, doors, ana):
    lee = cast.person(store, "Lee Whitfield")
    cast.person(store, "Zoë Ŷnyr")
    cast.cleared(store, UUID(ana), "STI", FROM, date(2029, 1, 1))
    cast.cleared(store, UUID(ana), "RSI", FROM, date(2026, 12, 31), keys_until=date(2026, 12, 15))
    cast.cleared(store, lee, "RSI", FROM, date(2026, 11, 30))

    matrix = doors.clearance_matrix()

    assert [each["id"] for each in matrix["establishments"]] == ["RSI", "STI"]
    assert {each["name"]: [cell["state"] for cell in each["cells"]] for each in matrix["facilitators"]} == {
        "Ana Reyes": ["expiring", "valid"],
        "Lee Whitfield": ["expired", "none"],
        "Zoë Ŷnyr": ["none", "none"],
    }
    risley = matrix["facilitators"][0]["cells"][0]
    assert (risley["until"], risley["days_left"], risley["keys_until"]) == ("2026-12-31", 30, "2026-12-15")
    first, rest = doors.clearance_matrix(limit=1), doors.clearance_matrix(after="RSI", limit=1)
    assert [([place["id"] for place in each["establishments"]], each["more"]) for each in (first, rest)] == [
        (["RSI"], True),
        (["STI"], False),
    ]
    assert [cell["state"] for each in rest["facilitators"] for cell in each["cells"]] == ["valid", "none", "none"]
    assert refusal(doors.clearance_matrix, limit=0).fields.keys() == {"limit"}
    other_day = doors.clearance_matrix(["sti"], [ana], "2029-01-02")
    assert [cell["state"] for each in other_day["facilitators"] for cell in each["cells"]] == ["expired"]
    assert refusal(doors.clearance_matrix, ["XXI"]).code == "not_found"
    assert refusal(doors.clearance_matrix, None, [NOBODY]).code == "not_found"


def test_somebody_who_leaves_has_their_sessions_to_come_listed_for_cover(store, doors, ana):
    past_and_to_come = [date(2026, 11, 24), date(2026, 12, 1), date(2026, 12, 8)]
    cast.a_run(store, "KT-RSI", "RSI", past_and_to_come, (UUID(ana),), state="held")

    left = doors.change_facilitator(ana, state="left")

    # Today's is still to be.
    assert [(each["number"], each["date"]) for each in left["needs_cover"]] == [(2, "2026-12-01"), (3, "2026-12-08")]
    assert doors.list_sessions_ahead(ana) == left["needs_cover"]
    assert doors.change_facilitator(ana, state="active")["needs_cover"] == []
    assert doors.clearance_matrix()["facilitators"][0]["name"] == "Ana Reyes"
    assert [each["id"] for each in doors.list_facilitators(state="active")] == [ana]
    assert doors.list_facilitators(state="left") == []


def test_for_a_choice_among_all_of_them_their_names_are_enough(doors, ana):
    assert doors.list_facilitators(brief=True) == [{"id": ana, "name": "Ana Reyes", "state": "active"}]


def test_who_is_listed_is_asked_for_in_words_that_are_known(doors):
    with pytest.raises(Refused) as refused:
        doors.list_facilitators(state="asleep", brief="perhaps")

    assert refused.value.fields == {
        "state": ["Choose one of: onboarding, active, resting, left."],
        "brief": ["Write true or false."],
    }


def everything(store):
    """Every word that is stored."""
    with store.database.reading() as connection:
        rows = [tuple(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    return json.dumps(rows, default=str, ensure_ascii=False)


def test_erasing_leaves_history_without_a_name(store, doors, ana):
    doors.change_facilitator(ana, latitude=53.4, longitude=-2.6, vehicle="AB12 CDE", insured_until="2027-01-01")
    doors.grant_clearance(ana, "RSI", FROM.isoformat(), UNTIL.isoformat())
    doors.add_accreditation(ana, "NADA", "2025-03-01")
    doors.add_leave(ana, "2027-01-18", "2027-01-22")
    doors.set_working_hours(ana, [{"weekday": "tue", "start": "09:00", "end": "17:00"}])
    doors.agree_escort(ana, "RSI", "2026-12-09")
    led = cast.a_run(store, "KT-RSI", "RSI", [date(2026, 11, 24)], (UUID(ana),))
    names = [{"id": ana, "name": "Ana Reyes", "vehicle": "AB12 CDE"}, {"id": NOBODY, "name": "Tom", "vehicle": None}]
    with store.work() as work:
        memo = {
            "id": new_id(),
            "run_id": led.id,
            "state": "approved",
            "version": 1,
            "purpose": "Sessions",
            "due_on": date(2026, 11, 10),
            "content": {"people": names},
            "fingerprint": "",
            "made_at": work.now,
            "made_by": "Priya",
        }
        work.connection.execute(insert(gate_memos), memo)

    erased = doors.erase_facilitator(ana)

    assert (erased["name"], erased["state"], erased["clearances"]) == ("A former facilitator", "left", [])
    kept = everything(store)
    assert [word for word in ("Ana", "ana@", "AB12", "53.4") if word in kept] == []
    assert "Tom" in kept
    with store.database.reading() as connection:
        assert connection.scalars(select(assignments.c.facilitator_id)).all() == [UUID(ana)]
    assert refusal(doors.change_facilitator, ana, name="Ana").code == "refused"
    assert refusal(doors.grant_clearance, ana, "RSI", FROM.isoformat(), UNTIL.isoformat()).code == "refused"
    assert doors.add_facilitator("Ana Reyes", "ana@facilitators.example")["id"] != ana


def test_an_erasure_is_told_once_by_an_id_alone(store, doors, ana):
    doors.erase_facilitator(ana)
    doors.erase_facilitator(ana)

    with store.database.reading() as connection:
        [told] = connection.execute(select(messaging.outbox).where(messaging.outbox.c.type == "facilitator_erased"))
        wiping = connection.scalars(select(messaging.jobs.c.kind).where(messaging.jobs.c.kind == "wipe")).all()
    assert (told.subject, json.loads(told.envelope)["data"]) == (ana, {"facilitator_id": ana})
    assert wiping == ["wipe"]


def test_nobody_is_erased_while_sessions_are_theirs(store, doors, ana):
    cast.a_run(store, "KT-RSI", "RSI", [date(2026, 12, 8)], (UUID(ana),))

    refused = refusal(doors.erase_facilitator, ana)

    assert refused.code == "refused"
    assert "Risley (HMP) on 8 December 2026" in refused.detail
    with store.database.reading() as connection:
        assert "facilitator_erased" not in connection.scalars(select(messaging.outbox.c.type)).all()
    assert doors.get_facilitator(ana)["name"] == "Ana Reyes"


def test_nobody_is_erased_while_an_offer_to_them_is_open_and_their_calendar_address_ends(store, doors, ana):
    led = cast.a_run(store, "KT-RSI", "RSI", [date(2026, 12, 8)], (cast.person(store, "Tom Okafor"),))
    with store.work() as work:
        made = {"id": new_id(), "made_at": work.now, "made_by": "Priya"}
        asked = {"run_id": led.id, "session_ids": [], "role": "cover", "state": "open", "answer_by": work.now}
        work.connection.execute(insert(offers), {**made, **asked, "facilitator_id": UUID(ana)})
        address = {"kind": "facilitator", "owner": ana, "token_hash": "0" * 64}
        work.connection.execute(insert(feeds), {**made, **address})

    assert "offer" in refusal(doors.erase_facilitator, ana).detail
    with store.work() as work:
        work.connection.execute(update(offers).values(state="withdrawn"))
    doors.erase_facilitator(ana)

    with store.database.reading() as connection:
        assert connection.scalar(select(feeds.c.revoked_at)) == cast.DECEMBER


def test_an_export_gives_a_facilitator_all_that_is_held_on_them(store, doors, ana):
    doors.grant_clearance(ana, "RSI", FROM.isoformat(), UNTIL.isoformat())
    doors.add_accreditation(ana, "NADA", "2025-03-01")
    doors.add_leave(ana, "2027-01-18", "2027-01-22")
    doors.set_working_hours(ana, [{"weekday": "tue", "start": "09:00", "end": "17:00"}])
    cast.a_run(store, "KT-RSI", "RSI", [date(2026, 11, 24)], (UUID(ana),))
    with store.work() as work:
        make_feed(work, "facilitator", ana, actor="Priya")

    with store.database.reading() as connection:
        [given] = privacy.export_person(connection, [], ["ANA@facilitators.example"])["facilitators"]

    assert given == json.loads(json.dumps(given))
    lists = ("clearances", "accreditations", "leave", "hours", "assignments", "feeds")
    assert [len(given[name]) for name in lists] == [1, 1, 1, 1, 1, 1]
    assert given["assignments"][0] == {
        "enquiry": "KT-RSI",
        "establishment": "Risley (HMP)",
        "number": 1,
        "date": "2026-11-24",
        "start": "13:45",
        "end": "16:45",
        "state": "planned",
        "role": "regular",
    }
