"""People, clearances and running runs from CSV: what comes in, what is left out and why, and that nobody is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select

from services.scheduling.doors.importing import ImportDoors
from services.scheduling.doors.people import PeopleDoors
from services.scheduling.handlers import expiry, holds
from services.scheduling.records import load_run, save_run
from services.scheduling.runs_importer import import_runs
from services.scheduling.tables import bookings, enquiries, facilitators, runs, sessions
from shared.contracts.scheduling import HoldChanged, RunConfirmed
from shared.csv_safe import safe_csv
from shared.errors import Refused
from tests.unit.services.scheduling import hold_cast
from tests.unit.services.scheduling import people_cast as cast
from tests.unit.services.scheduling.meeting import meeting

HEADING = "enquiry,prison_id,programme,facilitators,number,date,start,end,state"
LEE = "lee@facilitators.example"
BOTH = "ana@facilitators.example; tom@facilitators.example"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    made = hold_cast.new_database(request.param, tmp_path_factory.mktemp("importing"), request)
    yield made
    made.close()


@pytest.fixture
def store(database):
    return cast.emptied(database)


@pytest.fixture
def doors(store):
    made = type("Doors", (ImportDoors, PeopleDoors), {})()
    made.store = store
    return made


@pytest.fixture
def ana(store):
    return cast.person(store, "Ana Reyes")


@pytest.fixture
def tom(store):
    return cast.person(store, "Tom Okafor")


def line(number, on, state, *, key="row-17", people=BOTH, place="RSI", start="13:45", end="16:45", more=""):
    return f"{key},{place},many-faces-of-trauma,{people},{number},{on},{start},{end},{state}{more}"


def sheet(*lines, heading=HEADING):
    return "\n".join([heading, *lines])


RUNNING = (
    line(1, "2026-11-10", "delivered"),
    line(2, "2026-11-17", "cancelled"),
    line(2, "2026-11-24", "delivered"),
    line(3, "2026-12-08", "planned"),
    line(4, "2026-12-15", "planned", people="ana@facilitators.example;lee@facilitators.example"),
)


def count(store, table):
    with store.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def whys(report):
    return [(each["line"], each["id"], each["why"]) for each in report["refused"]]


def test_facilitators_come_in_with_names_of_any_letters_and_the_same_file_changes_nothing(doors):
    text = (
        "\ufeffEmail;Name;Insured until;Vehicle;Accreditations\r\n"
        "sian@facilitators.example;Siân Ŵyn ap Ŷnyr;2027-06-30;;"
        '"NADA 2025-03-01 2028-02-29; safeguarding 2026-01-10"\r\n'
        "zoe@facilitators.example;Zoë Müller-O’Néill;;AB12 CDE;\r\n"
        ";;;;\r\n"
    )

    assert {**doors.import_facilitators(text)} == {"added": 2, "changed": 0, "unchanged": 0, "refused": []}
    assert doors.import_facilitators(text)["unchanged"] == 2

    sian, zoe = doors.list_facilitators()
    assert (sian["name"], zoe["name"]) == ("Siân Ŵyn ap Ŷnyr", "Zoë Müller-O’Néill")
    assert [(each["kind"], each["valid_until"]) for each in sian["accreditations"]] == [
        ("NADA", "2028-02-29"),
        ("safeguarding", None),
    ]
    assert (sian["insured_until"], zoe["vehicle"]) == ("2027-06-30", "AB12 CDE")


def test_a_blank_cell_leaves_what_is_on_file(doors, ana):
    doors.import_facilitators("name,email,vehicle\nAna Reyes,ANA@facilitators.example,AB12 CDE\n")
    report = doors.import_facilitators("name,email,vehicle,state\nAna Reyes,ana@facilitators.example,,resting\n")

    [shown] = doors.list_facilitators()
    assert report["changed"] == 1
    assert (shown["vehicle"], shown["state"]) == ("AB12 CDE", "resting")


def test_a_row_that_cannot_be_read_is_refused_alone_with_its_line_and_why(doors):
    report = doors.import_facilitators(
        "name,email,latitude,longitude,accreditations\n"
        "Ana,ana@facilitators.example,,,\n"
        "Tom,not an address,,,\n"
        "=1+1,eve@facilitators.example,,,\n"
        "Lee,lee@facilitators.example,-2.5,53.4,\n"
        "Kim,kim@facilitators.example,,,NADA soon\n"
        "Pat,pat@facilitators.example,,,Juggling 2026-01-01\n"
        "Again,Ana@facilitators.example,,,\n"
    )

    assert report["added"] == 1
    assert [(line, id_) for line, id_, _ in whys(report)] == [
        (3, "not an address"),
        (4, "eve@facilitators.example"),
        (5, "lee@facilitators.example"),
        (6, "kim@facilitators.example"),
        (7, "pat@facilitators.example"),
        (8, "Ana@facilitators.example"),
    ]
    said = [why for _, _, why in whys(report)]
    named = (
        "email:",
        "name:",
        "latitude:",
        "valid_from:",
        "kind:",
        "ana@facilitators.example stands in the file twice",
    )
    assert [name in why for name, why in zip(named, said, strict=True)] == [True] * 6
    # Pat's accreditation was refused, and so Pat was.
    assert [each["name"] for each in doors.list_facilitators()] == ["Ana"]


def test_our_own_apostrophe_before_a_formula_is_taken_off_again(doors):
    text = safe_csv(["name", "email"], [["=cmd", "ana@facilitators.example"], ["'Ana'", "o@facilitators.example"]])

    report = doors.import_facilitators(text)

    assert [why for _, _, why in whys(report)] == [
        "name: Give a name on one line, up to 120 characters, that does not begin with = + - or @."
    ]
    assert [each["name"] for each in doors.list_facilitators()] == ["'Ana'"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name\nAna\n", "lacks the columns email"),
        ("", "lacks the columns name, email"),
        ("name,email,email\n", "email stand in the first line twice"),
        ('name,email\n"Ana,ana@facilitators.example\n', "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_such_sheet_is_refused_whole(doors, text, why):
    with pytest.raises(Refused, match=why) as caught:
        doors.import_facilitators(text)

    assert "file" in caught.value.fields


def test_clearances_come_in_by_address_and_prison(doors, ana):
    text = (
        "email,prison_id,level,valid_from,valid_until,state,site_access,ctc,keys_until\n"
        "Ana@facilitators.example,rsi,standard,2026-03-20,2027-03-19,,yes,no,2027-01-31\n"
        "ana@facilitators.example,STI,enhanced_1,2027-01-01,2028-01-01,applied,no,,\n"
        "ana@facilitators.example,RSI,standard,2027-03-20,2027-03-19,,,,\n"
        "ana@facilitators.example,XXI,standard,2026-03-20,2027-03-19,,,,\n"
        "tom@facilitators.example,RSI,standard,2026-03-20,2027-03-19,,,,\n"
        "ana@facilitators.example,STI,standard,2026-03-20,2027-03-19,,perhaps,,\n"
    )

    trial = doors.import_clearances(text, dry_run=True)
    assert doors.list_facilitators()[0]["clearances"] == []
    report = doors.import_clearances(text)

    assert trial == {**report, "news": []}
    assert report["added"] == 2
    assert [(line, why.split(":")[0]) for line, _, why in whys(report)] == [
        (4, "valid_until"),
        (5, "establishment"),
        (6, "email"),
        (7, "site_access"),
    ]
    held = doors.list_facilitators()[0]["clearances"]
    assert [(each["establishment"], each["state"], each["site_access"], each["keys_until"]) for each in held] == [
        ("RSI", "granted", True, "2027-01-31"),
        ("STI", "applied", False, None),
    ]
    assert doors.import_clearances(text)["unchanged"] == 2


def test_the_same_clearances_again_leave_what_the_file_does_not_speak_of(doors, ana):
    text = "email,prison_id,level,valid_from,valid_until\nana@facilitators.example,RSI,standard,2026-03-20,2028-03-19\n"
    doors.import_clearances(text)
    [clearance] = doors.list_facilitators()[0]["clearances"]
    stands = {"state": "suspended", "site_access": not clearance["site_access"], "keys_until": "2028-01-01"}
    doors.change_clearance(clearance["id"], **stands)

    again = doors.import_clearances(text)
    until = doors.import_clearances(text.replace("2028-03-19", "2028-06-30"))

    assert (again["changed"], again["unchanged"], until["changed"]) == (0, 1, 1)
    [after] = doors.list_facilitators()[0]["clearances"]
    assert {name: after[name] for name in (*stands, "valid_until")} == {**stands, "valid_until": "2028-06-30"}


def test_an_imported_clearance_is_told_of_when_it_ends(store, doors, ana):
    doors.import_clearances(
        "email,prison_id,level,valid_from,valid_until\nana@facilitators.example,RSI,standard,2025-03-20,2027-03-19\n"
    )

    with cast.at(store, datetime(2026, 12, 19, 15, tzinfo=UTC)).work() as work:
        assert expiry.tell_of_expiries(work) == 1


def test_a_running_run_comes_in_as_it_is_and_nobody_is_told(store, doors, ana, tom):
    lee = cast.person(store, "Lee Whitfield")

    report = doors.import_runs(sheet(*RUNNING))

    assert (report["added"], report["refused"]) == (1, [])
    [told] = report["runs"]
    assert (told["state"], told["delivered"], told["planned"], told["cancelled"]) == ("confirmed", 2, 2, 1)
    with store.database.reading() as connection:
        run = load_run(connection, UUID(told["run"]))
        booked = connection.execute(
            select(sessions.c.date, bookings.c.facilitator_id).join_from(bookings, sessions).order_by(sessions.c.date)
        ).all()
        by = connection.scalar(select(runs.c.confirmed_by))
    assert (run.enquiry, run.state, run.facilitator_ids, by) == ("row-17", "confirmed", (ana, tom), "unnamed")
    assert [(each.number, each.date.isoformat(), each.state) for each in run.live] == [
        (1, "2026-11-10", "delivered"),
        (2, "2026-11-24", "delivered"),
        (3, "2026-12-08", "planned"),
        (4, "2026-12-15", "planned"),
    ]
    # The second stands in the place of the one that was cancelled.
    assert [each.date.isoformat() for each in run.sessions if each.id == run.live[1].supersedes] == ["2026-11-17"]
    assert {who for on, who in booked if on == date(2026, 12, 8)} == {ana, tom}
    assert {who for on, who in booked if on == date(2026, 12, 15)} == {ana, lee}
    assert date(2026, 11, 17) not in {on for on, _ in booked}
    # What its dates are made anew from: Tuesdays, from its first, at the time it has now.
    assert (run.slot.start, run.slot.weekday, run.slot.time) == (date(2026, 11, 10), 1, time(13, 45))
    assert cast.news(store) == []


def test_what_an_imported_run_still_needs_is_said(store, doors, ana, tom):
    cast.person(store, "Lee Whitfield")
    cast.cleared(store, ana, "RSI", date(2026, 1, 1), date(2026, 12, 10))
    cast.cleared(store, tom, "RSI", date(2026, 1, 1), date(2028, 1, 1))

    [told] = doors.import_runs(sheet(*RUNNING), dry_run=True)["runs"]

    # Ana's access ends between the two sessions to come; Lee has none. Nothing is said of what is over.
    assert told["open_rules"]["H3"] == [4]
    assert {number for numbers in told["open_rules"].values() for number in numbers} <= {3, 4}
    lee = [line(1, "2026-11-25", "planned", people=LEE), line(2, "2026-12-16", "planned", people=LEE)]
    [told] = doors.import_runs(sheet(*lee), dry_run=True)["runs"]
    assert told["open_rules"]["H3"] == [2]


def test_the_same_run_again_is_left_and_another_one_is_refused(store, doors, ana, tom):
    cast.person(store, "Lee Whitfield")
    doors.import_runs(sheet(*RUNNING))

    again = doors.import_runs(sheet(*reversed(RUNNING)))
    other = doors.import_runs(sheet(*RUNNING[:-1], line(4, "2026-12-22", "planned")))

    assert (again["added"], again["unchanged"], again["refused"]) == (0, 1, [])
    assert (other["added"], other["unchanged"]) == (0, 0)
    assert "is on file already, and it differs" in whys(other)[0][2]
    assert count(store, sessions) == 5


def test_a_run_that_is_over_is_completed_and_takes_no_time(store, doors, ana, tom):
    report = doors.import_runs(sheet(*RUNNING[:3]))

    assert report["runs"][0]["state"] == "completed"
    assert count(store, bookings) == 0


def test_a_run_comes_in_whole_or_not_at_all(store, doors, ana, tom):
    good = [
        line(1, "2026-12-09", "planned", key="row-18", place="STI"),
        line(2, "2026-12-16", "planned", key="row-18", place="STI"),
    ]
    bad = [
        line(1, "2026-12-08", "planned"),
        line(2, "2026-12-15", "planned", people="nobody@facilitators.example"),
        line(3, "2026-12-32", "planned"),
        line(4, "2026-12-29", "planned", start="16:45", end="13:45"),
        line(5, "2027-01-05", "delivered"),
        line(6, "2027-01-12", "maybe"),
    ]

    report = doors.import_runs(sheet(*bad, *good))

    assert [each["enquiry"] for each in report["runs"]] == ["row-18"]
    assert [(number, why.split(":")[0]) for number, _, why in whys(report)] == [
        (2, "The whole run is left out"),
        (3, "facilitators"),
        (4, "date"),
        (5, "end"),
        (6, "state"),
        (7, "state"),
    ]
    assert "see line 3, line 4, line 5, line 6, line 7" in whys(report)[0][2]
    with store.database.reading() as connection:
        assert connection.scalars(select(runs.c.enquiry)).all() == ["row-18"]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([line(1, "2026-12-08", "planned"), line(1, "2026-12-15", "planned")], "Session 1 stands on lines 2 and 3"),
        ([line(1, "2026-12-15", "planned"), line(2, "2026-12-08", "planned")], "has to fall on a later day"),
        ([line(1, "2026-12-08", "planned"), line(2, "2026-12-08", "planned", start="08:30", end="11:30")], "later day"),
        ([line(1, "2026-12-08", "planned"), line(2, "2026-12-15", "planned", place="STI")], "lines 2 and 3 differ"),
        ([line(1, "2026-12-08", "cancelled")], "needs a session"),
        ([line(1, "2026-12-08", "planned", place="XXI")], "There is no establishment"),
        ([line(1, "2026-12-08", "planned").replace("many-faces-of-trauma", "juggling")], "There is no programme"),
        ([line(1, "2026-12-08", "planned", key="KT-7F3K-92")], "There is no enquiry KT-7F3K-92"),
        ([line(1, "2026-12-08", "planned", key="A1234BC")], "the number of a person in prison"),
        ([line(1, "2026-12-08", "planned", key="=row")], "a key of your own"),
        ([line(1, "2026-12-08", "planned", key="")], "a key of your own"),
        ([line(1, "2026-12-08", "planned", key="x" * 21)], "a key of your own"),
    ],
)
def test_a_run_that_cannot_be_is_left_out_with_why(store, doors, ana, tom, lines, why):
    report = doors.import_runs(sheet(*lines))

    assert why in " ".join(said for _, _, said in whys(report))
    assert (report["added"], count(store, runs), count(store, sessions)) == (0, 0, 0)


def test_nobody_is_booked_twice_by_two_runs_and_the_other_one_comes_in(store, doors, ana, tom):
    first = line(1, "2026-12-08", "planned")
    clash = line(1, "2026-12-08", "planned", key="row-18", place="STI", start="15:00", end="18:00")
    beside = line(1, "2026-12-09", "planned", key="row-19", place="STI")

    report = doors.import_runs(sheet(first, clash, beside))

    assert [each["enquiry"] for each in report["runs"]] == ["row-17", "row-19"]
    [(number, key, why)] = whys(report)
    assert (number, key) == (3, "row-18")
    assert "is booked for a session at Risley (HMP) on 8 December 2026, at the time of session 1" in why
    assert count(store, bookings) == 4


def test_what_only_the_database_sees_is_left_out_whole_too(store, doors, ana, tom, monkeypatch):
    # As when somebody books the hour between our look and our writing.
    monkeypatch.setattr("services.scheduling.runs_importer._refuse_taken", lambda _work, _run: None)
    clash = line(1, "2026-12-08", "planned", key="row-18", place="STI", start="15:00", end="18:00")

    report = doors.import_runs(sheet(RUNNING[3], clash, line(1, "2026-12-09", "planned", key="row-19", place="STI")))

    assert [each["enquiry"] for each in report["runs"]] == ["row-17", "row-19"]
    assert "was booked for one of its hours" in whys(report)[0][2]
    assert (count(store, runs), count(store, sessions), count(store, bookings)) == (2, 2, 4)


def enquiry(store, reference):
    row = {"reference": reference, "programme": "many-faces-of-trauma", "stage": "won", "version": 3}
    with store.database.writing() as connection:
        connection.execute(insert(enquiries), row)


def test_people_are_told_of_a_run_when_that_is_asked_for_and_an_enquiry_is_behind_it(store, doors, ana, tom):
    enquiry(store, "KT-7F3K-92")
    text = sheet(
        line(1, "2026-11-24", "delivered", key="KT-7F3K-92"),
        line(2, "2026-12-08", "planned", key="KT-7F3K-92"),
        line(1, "2026-12-09", "planned", place="STI"),
    )

    assert doors.import_runs(text, dry_run=True, tell=True)["added"] == 1
    assert cast.news(store) == []
    report = doors.import_runs(text, tell=True)

    assert [each["enquiry"] for each in report["runs"]] == ["KT-7F3K-92"]
    assert "no enquiry is behind" in whys(report)[0][2]
    [told] = cast.news(store)
    assert isinstance(told, RunConfirmed)
    assert [each.number for each in told.sessions] == [1, 2]
    assert count(store, facilitators) == 2


def test_a_draft_of_the_enquiry_is_replaced(store, doors, ana, tom):
    enquiry(store, "KT-7F3K-92")
    draft = cast.a_run(store, "KT-7F3K-92", "RSI", [date(2027, 1, 12), date(2027, 1, 19)], (ana,))

    report = doors.import_runs(sheet(line(1, "2026-12-08", "planned", key="KT-7F3K-92")))

    assert (report["changed"], report["runs"][0]["run"]) == (1, str(draft.id))
    assert count(store, sessions) == 1
    with store.database.reading() as connection:
        assert load_run(connection, draft.id).version == draft.version + 1


def test_a_run_that_is_being_confirmed_is_not_replaced(store, ana, tom):
    draft = cast.a_run(store, "row-17", "RSI", [date(2027, 1, 12), date(2027, 1, 19)], (ana,))
    reports = []

    def confirm(work):
        run = load_run(work.connection, draft.id, lock=True)
        save_run(work.connection, replace(run, state="confirmed", version=run.version + 1), was=run)

    meeting(
        store,
        confirm,
        lambda work: reports.append(import_runs(work, sheet(line(1, "2026-12-08", "planned")), actor="priya")),
    )

    assert count(store, sessions) == 2
    assert "is on file already, and it differs" in reports[0].refused[0]["why"]


def test_the_hold_that_a_draft_waits_with_ends_when_it_comes_in(store, doors, ana, tom):
    first = cast.a_run(store, "row-16", "STI", [date(2027, 1, 12)], (ana,))
    draft = cast.a_run(store, "row-17", "RSI", [date(2027, 1, 12)], (ana,))
    for each in (first, draft):
        with store.work() as work:
            hold = holds.place_hold(work, each.id, days=10, actor="priya")
    assert hold_cast.hold_row(store, hold).rank == 2

    doors.import_runs(sheet(line(1, "2026-12-08", "planned")))

    assert hold_cast.hold_row(store, hold).state == "converted"
    assert [each.state for each in cast.news(store) if isinstance(each, HoldChanged)][-1] == "converted"
