"""Windows with their dates, closures, rooms, settings and ways, as they are kept and read, on either database."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import URL, make_url

from services.scheduling import importer
from services.scheduling.domain.runs import Run, Session, Slot
from services.scheduling.doors.places import PlaceDoors
from services.scheduling.doors.rooms import RoomDoors
from services.scheduling.doors.timetables import TimetableDoors
from services.scheduling.handlers import people, programmes
from services.scheduling.records import load_calendar, load_establishment, save_draft
from services.scheduling.tables import blackouts, messaging, metadata, regime_windows
from shared.clock import fixed_clock
from shared.errors import Refused
from shared.messaging.envelope import Envelope
from shared.persistence.database import Database
from shared.persistence.work import Store

NINE = dt.datetime(2026, 11, 25, 9, 0, tzinfo=dt.UTC)
TODAY = "2026-11-25"
REGISTER = """prison_id,name,active,town,country,types,lat,lon
RSI,Risley (HMP),true,Warrington,England,HMP,53.43877,-2.52513
STI,Styal (HMP & YOI),true,Wilmslow,England,HMP/YOI,,
WYI,Wetherby (HMYOI),true,Wetherby,England,YCS,53.94,-1.37
"""
REGIMES = """prison_id,day_of_week,am_start,am_finish,pm_start,pm_finish
RSI,MONDAY,08:30:00,11:30:00,13:45:00,16:45:00
RSI,TUESDAY,08:30:00,11:30:00,13:45:00,16:45:00
RSI,SUNDAY,,,,
"""
USUAL = {"am": "08:30-11:30", "pm": "13:45-16:45"}
CHRISTMAS = {"am": "09:00-11:00"}


class Doors(PlaceDoors, TimetableDoors, RoomDoors):
    """The doors of places alone, as nameko would call them."""

    name = "scheduling"

    def __init__(self, store):
        self.store = store


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request, tmp_path_factory):
    if request.param == "sqlite":
        url = URL.create("sqlite", database=str(tmp_path_factory.mktemp("calendars") / "scheduling.sqlite3"))
    else:
        url = make_url(request.getfixturevalue("postgres").new_database("calendars"))
        url = url.set(drivername="postgresql+psycopg")
    opened = Database(url)
    metadata.create_all(opened.engine)
    yield opened
    opened.close()


@pytest.fixture
def store(database):
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    kept = Store(database, messaging, fixed_clock(NINE), "scheduling")
    with kept.work() as work:
        programmes.load_catalogue(work)
        importer.import_establishments(work, REGISTER)
        importer.import_regimes(work, REGIMES)
    return kept


@pytest.fixture
def doors(store):
    return Doors(store)


def rows(store, table):
    with store.database.reading() as connection:
        return connection.execute(select(table)).all()


def told(store):
    with store.database.reading() as connection:
        raw = connection.scalars(select(messaging.outbox.c.envelope).order_by(messaging.outbox.c.seq)).all()
    envelopes = [Envelope.from_json(each) for each in raw]
    return [(each.subject, each.sequence) for each in envelopes]


def windows_on(store, day, place="RSI"):
    """Say what holds on a date, by the words of a wall planner."""
    on = dt.date.fromisoformat(day)
    with store.database.reading() as connection:
        regime = load_calendar(connection, load_establishment(connection, place)).regime_on(on)
    return [str(each) for each in regime.on(on.weekday())]


def refused(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return caught.value


# Lists


def test_a_list_has_what_each_place_has_and_asks_no_more_for_many_than_for_one(store, doors):
    doors.set_windows("STI", ["wednesday"], {"am": "09:00-11:00"})
    doors.add_blackout("RSI", "2027-03-01", why="inspection")
    doors.add_blackout("STI", "2027-03-02", "2027-03-03")
    asked = []

    def note(*given):
        asked.append(given[2])

    event.listen(store.database.engine, "before_cursor_execute", note)
    [first] = doors.list_establishments(limit=1)
    of_one = len(asked)
    listed = doors.list_establishments()
    event.remove(store.database.engine, "before_cursor_execute", note)

    assert len(asked) == 2 * of_one
    assert [each["id"] for each in listed] == ["RSI", "STI", "WYI"]
    assert first == listed[0]
    for each in listed:
        alone = doors.get_establishment(each["id"])
        assert each["windows"] == alone["windows"]
        assert [closed["id"] for closed in each["blackouts"]] == [closed["id"] for closed in alone["blackouts"]]
    assert [(sorted(each["windows"]), len(each["blackouts"])) for each in listed] == [
        (["monday", "tuesday"], 2),
        (["wednesday"], 2),
        ([], 1),
    ]


# Windows


def test_a_christmas_timetable_goes_before_the_usual_one_and_gives_way_again(store, doors):
    doors.set_windows("rsi", ["tue"], CHRISTMAS, "2026-12-14", "2027-01-10")

    assert windows_on(store, "2026-12-08") == ["08:30 to 11:30", "13:45 to 16:45"]
    assert windows_on(store, "2026-12-15") == ["09:00 to 11:00"]
    assert windows_on(store, "2027-01-05") == ["09:00 to 11:00"]
    assert windows_on(store, "2027-01-12") == ["08:30 to 11:30", "13:45 to 16:45"]
    assert windows_on(store, "2026-12-14") == ["08:30 to 11:30", "13:45 to 16:45"]


def test_windows_without_a_date_hold_from_today(store, doors):
    listed = doors.set_windows("RSI", ["monday", "Tue"], {"pm": "13:00-16:00"})["timetables"]

    assert [(each["weekday"], each["valid_from"]) for each in listed if each["pm"] == "13:00-16:00"] == [
        ("monday", TODAY),
        ("tuesday", TODAY),
    ]
    assert windows_on(store, "2026-11-24") == ["08:30 to 11:30", "13:45 to 16:45"]
    assert windows_on(store, "2026-12-01") == ["13:00 to 16:00"]


def test_windows_set_again_from_the_same_date_take_the_place_of_the_first(store, doors):
    doors.set_windows("RSI", ["tue"], {"am": "08:00-11:00"}, "2027-02-01")
    doors.set_windows("RSI", ["tue"], {"pm": "13:00-16:00"}, "2027-02-01")

    assert windows_on(store, "2027-02-02") == ["13:00 to 16:00"]
    assert len(doors.list_windows("RSI")) == 4


def test_one_that_ends_and_begins_with_another_lets_that_go_on(store, doors):
    doors.set_windows("RSI", ["tue"], {"am": "08:00-11:00"}, "2027-02-01")
    doors.set_windows("RSI", ["tue"], {"pm": "13:00-16:00"}, "2027-02-01", "2027-03-01")

    assert windows_on(store, "2027-02-23") == ["13:00 to 16:00"]
    assert windows_on(store, "2027-03-02") == ["08:00 to 11:00"]


def test_no_windows_mean_no_session_that_weekday_and_taken_back_the_old_ones_hold(store, doors):
    doors.set_windows("RSI", ["tue"], None, "2027-02-01")
    assert windows_on(store, "2027-02-02") == []

    doors.remove_windows("RSI", ["tue"], "2027-02-01")
    assert windows_on(store, "2027-02-02") == ["08:30 to 11:30", "13:45 to 16:45"]
    assert refused(doors.remove_windows, "RSI", ["tue"], "2027-02-01").code == "not_found"


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"windows": {"am": "11:30-08:30"}}, "am", "midnight"),
        ({"windows": {"ed": "22:00-01:00"}}, "ed", "midnight"),
        ({"windows": {"am": "08:30-08:30"}}, "am", "later than 08:30"),
        ({"windows": {"am": "08:30-24:00"}}, "am", "HH:MM"),
        ({"windows": {"am": "8.30-11.30"}}, "am", "HH:MM"),
        ({"windows": {"am": "08:30+01:00-11:30"}}, "am", "HH:MM"),
        ({"windows": {"am": "08:30-11:30", "pm": "11:00-16:00"}}, "pm", "Begin it at 11:30 or later"),
        ({"windows": {"noon": "12:00-13:00"}}, "windows", "am (morning)"),
        ({"windows": "08:30-11:30"}, "windows", "am: 08:30-11:30"),
        ({"weekdays": ["someday"]}, "weekdays", "Monday"),
        ({"weekdays": []}, "weekdays", "Give a weekday"),
        ({"valid_from": "2027-02-30"}, "valid_from", "year-month-day"),
        ({"valid_from": "2027-02-01", "valid_until": "2027-01-31"}, "valid_until", "cannot end before"),
        ({"valid_from": "2026-01-01", "valid_until": "2026-11-24"}, "valid_until", "is past"),
        ({"valid_from": "2207-01-01"}, "valid_from", "31 December 2036"),
        ({"valid_from": "1987-01-01"}, "valid_from", "1 January 2000"),
        ({"valid_until": "9999-12-31"}, "valid_until", "31 December 2036"),
    ],
)
def test_windows_that_cannot_be_are_refused_by_field_and_nothing_is_stored(store, doors, asked, field, said):
    before = rows(store, regime_windows)
    no = refused(doors.set_windows, "RSI", **{"weekdays": ["mon", "tue"], "windows": USUAL, **asked})

    assert no.code == "invalid"
    assert list(no.fields) == [field]
    assert said in " ".join(no.fields[field])
    assert rows(store, regime_windows) == before


def test_a_place_that_is_not_on_file_is_named(doors):
    assert "'NNI'" in refused(doors.set_windows, "NNI", ["mon"], USUAL).detail
    assert refused(doors.list_windows, "NNI").code == "not_found"


# Closures


def test_a_closure_is_added_changed_and_taken_away(store, doors):
    added = doors.add_blackout("RSI", "2027-03-08", "2027-03-12", why="staff_training")["blackouts"]
    [training] = [each for each in added if each["why"] == "staff training"]
    assert (training["first"], training["last"], training["yearly"]) == ("2027-03-08", "2027-03-12", False)
    assert "just these dates" in refused(doors.add_blackout, "RSI", "2027-03-08", "2027-03-12").detail

    doors.change_blackout(training["id"], first="2027-03-09", last="2027-03-09", why="inspection")
    assert closed_on(store, "2027-03-08") is None
    assert closed_on(store, "2027-03-09") == "inspection"

    doors.remove_blackout(training["id"])
    assert closed_on(store, "2027-03-09") is None
    assert refused(doors.remove_blackout, training["id"]).code == "not_found"


def test_the_christmas_closure_can_be_changed_and_comes_every_year(store, doors):
    [christmas] = doors.list_blackouts("RSI")
    doors.change_blackout(christmas["id"], first="2026-12-19", last="2027-01-06")

    assert closed_on(store, "2031-12-18") is None
    assert [closed_on(store, day) for day in ("2031-12-19", "2032-01-06")] == ["Christmas and New Year closure"] * 2
    assert closed_on(store, "2032-01-07") is None


def closed_on(store, day, place="RSI"):
    with store.database.reading() as connection:
        open_days = load_calendar(connection, load_establishment(connection, place))
    return open_days.closed_on(dt.date.fromisoformat(day))


def test_a_yearly_closure_may_be_written_with_years_that_are_past(store, doors):
    doors.add_blackout("RSI", "2020-07-14", why="family_day", yearly=True)

    assert closed_on(store, "2027-07-14") == "family day"


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"first": "2027-03-12", "last": "2027-03-08"}, "last", "cannot be before"),
        ({"first": "2026-12-21", "last": "2026-01-03", "yearly": True}, "last", "ends in the next year"),
        ({"first": "2026-03-08", "last": "2026-03-12"}, "last", "is the year right"),
        ({"first": "2072-03-08"}, "first", "31 December 2036"),
        ({"first": "2027-01-01", "last": "2027-12-31", "yearly": True}, "last", "shorter than a year"),
        ({"first": "soon"}, "first", "year-month-day"),
        ({"first": "2027-03-08", "why": "John Smith is ill"}, "why", "staff_training"),
    ],
)
def test_closures_that_cannot_be_are_refused_by_field(store, doors, asked, field, said):
    no = refused(doors.add_blackout, "RSI", **asked)

    assert (no.code, list(no.fields)) == ("invalid", [field])
    assert said in no.fields[field][0]
    assert len(doors.list_blackouts("RSI")) == 1


def test_half_of_a_change_of_dates_is_asked_for_whole(doors):
    [christmas] = doors.list_blackouts("RSI")
    assert list(refused(doors.change_blackout, christmas["id"], first="2026-12-19").fields) == ["last"]


# What a change makes of runs that stand


def standing_run(store, *dates, start="13:45", end="16:45", place="RSI", room=None):
    with store.work() as work:
        ana, tom = (people.add_facilitator(work, name, f"{name}@team.example") for name in ("Ana", "Tom"))
        sessions = tuple(
            Session(
                work.new_id(),
                number,
                dt.date.fromisoformat(day),
                dt.time.fromisoformat(start),
                dt.time.fromisoformat(end),
                facilitator_ids=(ana, tom),
                room_id=room,
            )
            for number, day in enumerate(dates, 1)
        )
        run = Run(
            work.new_id(),
            "KT-7F3K-92",
            place,
            "many-faces-of-trauma",
            "confirmed",
            (ana, tom),
            sessions,
            slot=Slot(sessions[0].date, sessions[0].date.weekday(), "pm"),
        )
        save_draft(work.connection, run, NINE)
    return run


def test_a_change_says_which_sessions_that_stand_it_breaks_and_a_dry_run_stores_nothing(store, doors):
    run = standing_run(store, "2026-11-24", "2027-01-12", "2027-01-19", "2027-01-26")
    before = rows(store, regime_windows)

    tried = doors.set_windows("RSI", ["tue"], {"pm": "13:45-16:30"}, "2027-01-19", dry_run=True)

    assert [(each["number"], each["date"], each["rule"]) for each in tried["breaches"]] == [
        (3, "2027-01-19", "H1"),
        (4, "2027-01-26", "H1"),
    ]
    assert {each["run"] for each in tried["breaches"]} == {str(run.id)}
    assert rows(store, regime_windows) == before


def test_what_is_over_is_no_consequence(store, doors):
    standing_run(store, "2026-11-24", "2026-12-01")

    tried = doors.set_windows("RSI", ["tue"], {"pm": "13:45-16:30"}, "2026-11-01", dry_run=True)

    assert [each["date"] for each in tried["breaches"]] == ["2026-12-01"]


def test_what_was_lacking_before_is_no_consequence(store, doors):
    standing_run(store, "2027-01-12", "2027-01-19")
    doors.add_blackout("RSI", "2027-01-12")

    again = doors.add_blackout("RSI", "2027-01-11", "2027-01-13", why="building_work")
    assert again["breaches"] == []


def test_a_closure_says_what_falls_on_its_dates(store, doors):
    standing_run(store, "2027-01-12", "2027-01-19")

    closed = doors.add_blackout("RSI", "2027-01-18", "2027-01-22")
    assert [(each["enquiry"], each["number"], each["rule"]) for each in closed["breaches"]] == [("KT-7F3K-92", 2, "H2")]
    assert doors.add_blackout("STI", "2027-01-18", "2027-01-22")["breaches"] == []


# Settings


def test_settings_are_changed_and_everything_is_shown(store, doors):
    changed = doors.change_establishment(
        "RSI",
        {
            "required_level": "enhanced_1",
            "ctc_required": True,
            "memo_lead_days": 12,
            "kit_lead_days": 20,
            "report_minutes": 45,
            "exit_minutes": 20,
            "latitude": 53.44,
            "longitude": -2.52,
        },
    )
    shown = doors.get_establishment("rsi")

    assert changed == {**shown, "breaches": []}
    assert {name: shown[name] for name in ("required_level", "ctc_required", "memo_lead_days", "kit_lead_days")} == {
        "required_level": "enhanced_1",
        "ctc_required": True,
        "memo_lead_days": 12,
        "kit_lead_days": 20,
    }
    assert (shown["report_minutes"], shown["exit_minutes"]) == (45, 20)
    assert (shown["latitude"], shown["longitude"]) == (53.44, -2.52)
    assert shown["windows"]["tuesday"] == USUAL
    assert shown["bank_holidays"]["next"][0] == {"date": "2026-12-25", "title": "Christmas Day"}
    assert [each["why"] for each in shown["blackouts"]] == ["Christmas and New Year closure"]
    with store.database.reading() as connection:
        assert load_establishment(connection, "RSI").required_level == "enhanced_1"


def test_only_what_others_keep_a_copy_of_is_news(store, doors):
    before = len(told(store))
    doors.change_establishment("RSI", {"memo_lead_days": 12})
    assert len(told(store)) == before

    doors.change_establishment("RSI", {"active": False})
    doors.change_establishment("RSI", {"active": False})
    assert told(store)[before:] == [("RSI", 2)]


@pytest.mark.parametrize(
    ("settings", "field", "said"),
    [
        ({"required_level": "gold"}, "required_level", "enhanced_2"),
        ({"latitude": 53.4}, "longitude", "Give both"),
        ({"latitude": -2.52, "longitude": 53.44}, "latitude", "perhaps the longitude"),
        ({"latitude": float("nan"), "longitude": -2.5}, "latitude", "49 to 61"),
        ({"memo_lead_days": -1}, "memo_lead_days", "0 to 60"),
        ({"report_minutes": "soon"}, "report_minutes", "0 to 240"),
        ({"exit_minutes": 9.5}, "exit_minutes", "whole number"),
        ({"memo_lead_days": None}, "memo_lead_days", ""),
        ({"nation": "france"}, "nation", "cannot be set here"),
        ({"name": "Two\nlines"}, "name", "one line"),
        ({"version": 9}, "version", "cannot be set here"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_field(doors, settings, field, said):
    before = doors.get_establishment("RSI")
    no = refused(doors.change_establishment, "RSI", settings)

    assert no.code == "invalid"
    assert said in no.fields[field][0]
    assert doors.get_establishment("RSI") == before


def test_a_place_in_scotland_is_added_by_hand_with_its_own_bank_holidays(store, doors):
    added = doors.add_establishment(
        "cvi", "Cornton Vale (HMP & YOI)", "scotland", "Stirling", ["Stirling"], {"memo_lead_days": 15}
    )

    assert (added["id"], added["nation"], added["memo_lead_days"]) == ("CVI", "scotland", 15)
    assert added["bank_holidays"]["division"] == "scotland"
    assert closed_on(store, "2027-01-04", "CVI") == "2nd January"
    assert closed_on(store, "2027-03-29", "CVI") is None
    assert closed_on(store, "2027-11-30", "CVI") == "St Andrew’s Day"
    assert closed_on(store, "2026-12-24", "CVI") == "Christmas and New Year closure"
    assert told(store)[-1] == ("CVI", 1)

    doors.add_establishment("mgi", "Magilligan (HMP)", "northern-ireland", "Limavady")
    assert closed_on(store, "2027-07-12", "MGI") == "Battle of the Boyne (Orangemen’s Day)"
    assert refused(doors.add_establishment, "Cvi", "Again", "scotland", "Stirling").code == "conflict"


def test_a_place_for_people_under_18_needs_an_approval_with_a_reason_and_a_name(store, doors):
    assert doors.get_establishment("WYI")["under_18"] is True
    assert list(refused(doors.approve_under_18, "WYI", "because", actor="sam").fields) == ["reason"]
    assert "needs no approval" in refused(doors.approve_under_18, "RSI", "agreed_by_governor", actor="sam").detail

    approved = doors.approve_under_18("WYI", "agreed_by_governor", actor="sam")
    assert approved["under_18_approval"] == {
        "by": "sam",
        "at": "2026-11-25T09:00:00+00:00",
        "reason": "agreed_by_governor",
        "why": "the governor or director has agreed",
    }
    with store.database.reading() as connection:
        assert load_establishment(connection, "WYI").under_18_approved

    assert doors.withdraw_under_18_approval("WYI")["under_18_approval"] is None
    assert "no approval" in refused(doors.withdraw_under_18_approval, "WYI").detail


def test_an_approval_does_not_outlive_the_place_it_was_for(doors):
    doors.approve_under_18("WYI", "agreed_by_governor", actor="sam")
    doors.change_establishment("WYI", {"under_18": False})

    assert doors.change_establishment("WYI", {"under_18": True})["under_18_approval"] is None


# Rooms


def test_rooms_are_added_changed_and_retired(store, doors):
    room = doors.add_room("RSI", "Chapel", 14)
    standing_run(store, "2026-11-24", "2027-01-12", room=UUID(room["id"]))

    assert refused(doors.add_room, "RSI", "chapel", 20).code == "conflict"
    assert doors.change_room(room["id"], {"capacity": 20, "name": "The chapel"})["capacity"] == 20

    retired = doors.retire_room(room["id"])
    assert (retired["name"], retired["active"]) == ("The chapel", False)
    assert [(each["number"], each["date"]) for each in retired["sessions"]] == [(2, "2027-01-12")]
    assert doors.list_rooms("RSI") == [{"id": room["id"], "name": "The chapel", "capacity": 20, "active": False}]
    assert "retired" in refused(doors.add_room, "RSI", "The chapel", 9).detail
    assert doors.change_room(room["id"], {"active": True})["active"] is True


@pytest.mark.parametrize("capacity", [0, -3, 501, 12.5, "many", None])
def test_a_capacity_that_is_none_is_refused(doors, capacity):
    assert list(refused(doors.add_room, "RSI", "Chapel", capacity).fields) == ["capacity"]
    assert doors.list_rooms("RSI") == []


def test_a_room_that_is_not_on_file_is_named(doors):
    assert refused(doors.retire_room, str(UUID(int=7))).code == "not_found"
    assert refused(doors.retire_room, "chapel").code == "invalid"


# The way from one place to another


def test_a_way_is_reckoned_until_somebody_sets_it_and_is_the_same_back(store, doors):
    doors.change_establishment("STI", {"latitude": 53.34132, "longitude": -2.23867})
    # 21.9 km as the crow flies, times 1.3, at 50 km an hour: 34.2 minutes.
    assert {name: doors.get_travel("RSI", "sti")[name] for name in ("minutes", "known_by", "km")} == {
        "minutes": 35,
        "known_by": "reckoned",
        "km": 21.9,
    }

    assert doors.set_travel_time("STI", "RSI", 50)["minutes"] == 50
    assert doors.set_travel_time("RSI", "STI", 55)["minutes"] == 55
    back = doors.get_travel("STI", "RSI")
    assert (back["minutes"], back["known_by"], back["reckoned_minutes"]) == (55, "set", 35)

    assert doors.set_travel_time("RSI", "STI", None)["known_by"] == "reckoned"


def test_a_way_from_a_facilitator_s_base_can_be_set(store, doors):
    with store.work() as work:
        ana = str(people.add_facilitator(work, "Ana", "ana@team.example"))

    assert doors.get_travel(ana, "RSI") == {
        "here": ana, "there": "RSI", "minutes": None, "known_by": None, "km": None, "reckoned_minutes": None,
    }  # fmt: skip
    assert doors.set_travel_time("RSI", ana, 20)["minutes"] == 20
    assert doors.get_travel(ana, "RSI")["known_by"] == "set"


def test_ways_that_cannot_be_are_refused_by_field(doors):
    assert list(refused(doors.set_travel_time, "RSI", "NNI", 20).fields) == ["there"]
    assert list(refused(doors.set_travel_time, str(UUID(int=7)), "RSI", 20).fields) == ["here"]
    assert list(refused(doors.set_travel_time, "RSI", "rsi", 20).fields) == ["there"]
    for minutes in (-1, 1441, 2.5, "long"):
        assert list(refused(doors.set_travel_time, "RSI", "STI", minutes).fields) == ["minutes"]


# Imports


def test_a_register_leaves_what_was_set_by_hand_and_says_so(store, doors):
    doors.change_establishment("RSI", {"latitude": 53.5, "longitude": -2.5, "active": False})
    doors.change_establishment("WYI", {"under_18": False})

    again = doors.import_establishments(REGISTER.replace("Warrington", "Risley"))

    assert (again["changed"], again["unchanged"]) == (1, 2)
    kept = {each["id"]: each["why"] for each in again["kept"]}
    assert kept == {
        "RSI": "Set by hand, and so left as it is: active, latitude, longitude.",
        "WYI": "Set by hand, and so left as it is: under_18.",
    }
    risley = doors.get_establishment("RSI")
    assert (risley["town"], risley["active"], risley["latitude"]) == ("Risley", False, 53.5)
    assert risley["set_by_hand"] == ["active", "latitude", "longitude"]
    assert doors.get_establishment("WYI")["under_18"] is False


def test_a_register_sets_where_a_place_is_and_whether_it_is_for_people_under_18(doors):
    shown = {place: doors.get_establishment(place) for place in ("RSI", "STI", "WYI")}

    assert {place: each["under_18"] for place, each in shown.items()} == {"RSI": False, "STI": False, "WYI": True}
    assert (shown["RSI"]["latitude"], shown["RSI"]["longitude"]) == (53.43877, -2.52513)
    assert shown["STI"]["latitude"] is None


@pytest.mark.parametrize("point", ["53.4,", ",-2.5", "north,west", "-2.5,53.4", "nan,-2.5", "91,-2.5"])
def test_a_point_that_is_none_refuses_its_row_alone(doors, point):
    text = REGISTER.replace("53.43877,-2.52513", point).replace("Styal (", "Styal Two (")
    report = doors.import_establishments(text)

    assert [(each["line"], each["id"]) for each in report["refused"]] == [(2, "RSI")]
    assert report["refused"][0]["why"].startswith("lat, lon: ")
    assert (report["changed"], report["unchanged"]) == (1, 1)


DATED = """prison_id,day_of_week,am_start,am_finish,pm_start,pm_finish,valid_from,valid_until
RSI,TUESDAY,09:00,11:00,,,2026-12-14,2027-01-10
RSI,tuesday,09:00,11:30,,,2026-12-14,2027-01-10
RSI,WEDNESDAY,09:00,11:00,10:30,12:00,2026-12-14,
RSI,THURSDAY,09:00,,,,2026-12-14,
RSI,FRIDAY,23:00,01:00,,,2026-12-14,
RSI,MONDAY,09:00,11:00,,,14/12/2026,
RSI,MONDAY,09:00,11:00,,,2027-01-10,2026-12-14
NNI,MONDAY,09:00,11:00,,,,
RSI,SOMEDAY,09:00,11:00,,,,
"""


def test_regimes_with_dates_are_taken_in_and_lines_at_fault_are_refused_with_the_reason(store, doors):
    tried = doors.import_regimes(DATED, dry_run=True)
    assert windows_on(store, "2026-12-15") == ["08:30 to 11:30", "13:45 to 16:45"]

    report = doors.import_regimes(DATED)

    assert {**report, "news": []} == tried
    assert (report["added"], report["changed"], report["unchanged"]) == (1, 0, 0)
    whys = {each["line"]: each["why"] for each in report["refused"]}
    assert {line: why.partition(":")[0] for line, why in whys.items()} == {
        3: "day_of_week",
        4: "pm",
        5: "am_start, am_finish",
        6: "am_start, am_finish",
        7: "valid_from",
        8: "valid_until",
        9: "prison_id",
        10: "day_of_week",
    }
    assert windows_on(store, "2026-12-15") == ["09:00 to 11:00"]
    assert windows_on(store, "2027-01-12") == ["08:30 to 11:30", "13:45 to 16:45"]
    assert doors.import_regimes(DATED)["unchanged"] == 1


def test_a_regime_without_a_window_says_that_there_is_no_session_that_day(store, doors):
    sunday = next(each for each in doors.list_windows("RSI") if each["weekday"] == "sunday")

    assert (sunday["am"], sunday["pm"], sunday["ed"]) == (None, None, None)
    assert windows_on(store, "2027-01-10") == []


CLOSURES = """prison_id,first,last,why,yearly
RSI,2027-03-08,2027-03-12,staff_training,
rsi,2027-07-14,,family_day,true
RSI,2027-03-12,2027-03-08,staff_training,
RSI,2027-03-15,,somebody is ill,
RSI,,2027-03-08,inspection,
RSI,2026-03-15,,inspection,
RSI,2027-04-01,,inspection,perhaps
NNI,2027-04-01,,inspection,
"""


def test_closures_are_taken_in_and_lines_at_fault_are_refused_with_the_reason(store, doors):
    tried = doors.import_blackouts(CLOSURES, dry_run=True)
    assert len(rows(store, blackouts)) == 3

    report = doors.import_blackouts(CLOSURES)

    assert {**report, "versions": {}, "news": []} == {**tried, "versions": {}}
    assert report["added"] == 2
    assert {each["line"]: each["why"].partition(":")[0] for each in report["refused"]} == {
        4: "last", 5: "why", 6: "first", 7: "last", 8: "yearly", 9: "prison_id",
    }  # fmt: skip
    assert [closed_on(store, day) for day in ("2027-03-10", "2031-07-14")] == ["staff training", "family day"]
    assert closed_on(store, "2028-03-10") is None

    again = doors.import_blackouts(CLOSURES.replace("2027-03-12,staff_training", "2027-03-12,inspection"))
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 1, 1)


@pytest.mark.parametrize("operation", ["import_establishments", "import_regimes", "import_blackouts"])
@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "prison_id\x00,first\n"])
def test_a_file_that_is_something_else_is_refused_whole(doors, operation, text):
    no = refused(getattr(doors, operation), text)

    assert (no.code, list(no.fields)) == ("invalid", ["file"])


def test_a_cell_too_large_for_csv_is_refused_with_its_line(doors):
    no = refused(doors.import_blackouts, CLOSURES + "RSI,2027-05-05,," + "x" * 200_000 + ",\n")

    assert "is not CSV" in no.detail
    assert len(doors.list_blackouts("RSI")) == 1
