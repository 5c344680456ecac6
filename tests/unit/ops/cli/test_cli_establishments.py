"""`keytalk establishments`: entries, windows, closures, rooms and ways."""

import json

import pytest

from services.scheduling.importer import REGIME_COLUMNS, REGISTER_COLUMNS

RISLEY = {
    "id": "RSI",
    "name": "Risley (HMP)",
    "active": True,
    "nation": "england",
    "town": "Warrington",
    "other_names": ["Grizzly"],
    "required_level": "standard",
    "ctc_required": False,
    "under_18": False,
    "under_18_approval": None,
    "memo_lead_days": 10,
    "kit_lead_days": 15,
    "report_minutes": 60,
    "exit_minutes": 30,
    "latitude": 53.44,
    "longitude": -2.53,
    "set_by_hand": ["latitude", "longitude"],
    "windows": {"tuesday": {"am": "08:30-11:30", "pm": "13:45-16:45"}},
}
BREACH = {
    "run": "3f0c9a4e-5d58-4f4e-8f57-0d5a4f5f8c11",
    "enquiry": "KT-7F3K-92",
    "number": 9,
    "date": "2027-03-09",
    "rule": "H2",
    "name": "date_is_open",
}
USUAL = {
    "weekday": "tuesday",
    "valid_from": "2000-01-01",
    "valid_until": None,
    "am": "08:30-11:30",
    "pm": None,
    "ed": None,
}
NONE = {**USUAL, "valid_from": "2026-12-14", "valid_until": "2027-01-10", "am": None}
CHRISTMAS = {
    "id": "01a214f0-8ee8-755b-87c9-a8120dc15607",
    "first": "2000-12-21",
    "last": "2001-01-03",
    "why": "Christmas and New Year closure",
    "yearly": True,
    "reason": None,
}
CALENDAR = {"establishment": "RSI", "timetables": [USUAL, NONE], "blackouts": [CHRISTMAS], "breaches": []}
ROOM = {"id": "r1", "establishment": "RSI", "name": "Chapel", "capacity": 14, "active": True}


def test_an_establishment_is_shown_with_what_it_asks_for(keytalk, gateway):
    gateway.will_answer("scheduling.get_establishment", RISLEY)

    shown = keytalk("establishments", "show", "RSI").stdout.splitlines()

    assert "Where (north, east): 53.44, -2.53" in shown
    assert "Set by hand: latitude, longitude" in shown
    assert "Tuesday: am: 08:30-11:30, pm: 13:45-16:45" in shown
    assert not any(line.startswith("Approved") for line in shown)
    assert json.loads(keytalk("establishments", "show", "RSI", "--json").stdout) == RISLEY


def test_one_is_added_by_hand_with_only_the_settings_given_and_enquiries_is_waited_for(keytalk, gateway):
    gateway.will_answer("scheduling.add_establishment", {**RISLEY, "id": "CVI", "version": 1})
    gateway.will_answer("enquiries.count_establishments_at", {"caught_up": 1, "of": 1})

    result = keytalk(
        *("establishments", "add", "CVI", "--name", "Cornton Vale", "--nation", "scotland", "--town", "Stirling"),
        *("--memo-days", "15", "--no-ctc"),
    )

    assert result.exit_code == 0
    assert gateway.asked == [
        (
            "scheduling.add_establishment",
            {
                "id": "CVI",
                "name": "Cornton Vale",
                "nation": "scotland",
                "town": "Stirling",
                "other_names": [],
                "settings": {"ctc_required": False, "memo_lead_days": 15},
            },
        ),
        ("enquiries.count_establishments_at", {"versions": {"CVI": 1}}),
    ]


def test_a_change_says_what_it_breaks(keytalk, gateway):
    gateway.will_answer("scheduling.change_establishment", {**RISLEY, "breaches": [BREACH]})

    result = keytalk("establishments", "change", "RSI", "--inactive", "--level", "enhanced_1", "--dry-run")

    assert gateway.asked[0][1] == {
        "establishment": "RSI",
        "settings": {"active": False, "required_level": "enhanced_1"},
        "dry_run": True,
    }
    assert "nothing is stored" in result.stdout
    assert "1 would break a rule" in result.stdout
    assert "date is open" in result.stdout
    assert "keytalk runs show 3f0c9a4e" in result.stderr


def test_a_change_of_nothing_is_bad_usage(keytalk, gateway):
    assert keytalk("establishments", "change", "RSI").exit_code == 2
    assert gateway.asked == []


def test_under_18_work_is_approved_for_a_reason_and_taken_back(keytalk, gateway):
    approval = {"by": "sam", "at": "2026-11-25T09:00:00+00:00", "reason": "agreed_by_governor", "why": "agreed"}
    gateway.will_answer("scheduling.approve_under_18", {**RISLEY, "under_18": True, "under_18_approval": approval})
    gateway.will_answer("scheduling.withdraw_under_18_approval", {**RISLEY, "breaches": []})

    approved = keytalk("establishments", "approve-under-18", "WYI", "--reason", "agreed_by_governor")
    withdrawn = keytalk("establishments", "withdraw-under-18", "WYI")

    assert "Approved for under-18 work: yes, by sam" in approved.stdout
    assert "keeps the rules it kept before" in withdrawn.stdout
    assert gateway.asked[1][1] == {"establishment": "WYI", "dry_run": False}


def test_windows_are_listed_with_their_dates(keytalk, gateway):
    gateway.will_answer("scheduling.list_windows", [USUAL, NONE])

    lines = keytalk("establishments", "windows", "RSI").stdout.splitlines()

    [usual] = [line for line in lines if "always" in line]
    [none] = [line for line in lines if "Mon 14 Dec 2026" in line]
    assert "08:30-11:30" in usual
    assert "Sun 10 Jan 2027" in none
    assert "no sessions" in none
    assert json.loads(keytalk("establishments", "windows", "RSI", "--json").stdout) == [USUAL, NONE]


@pytest.mark.parametrize(
    ("days", "sent"),
    [
        ("mon-fri", ["mon", "tue", "wed", "thu", "fri"]),
        ("tue,thu", ["tue", "thu"]),
        ("Monday, wed-thu", ["mon", "wed", "thu"]),
        ("sun", ["sun"]),
    ],
)
def test_windows_are_set_for_weekdays_and_stretches_of_them(keytalk, gateway, days, sent):
    gateway.will_answer("scheduling.set_windows", CALENDAR)

    result = keytalk(
        *("establishments", "set-windows", "RSI", "--days", days, "--am", "09:00-11:00"),
        *("--from", "2026-12-14", "--until", "2027-01-10"),
    )

    assert result.exit_code == 0
    assert gateway.asked[0][1] == {
        "establishment": "RSI",
        "weekdays": sent,
        "windows": {"am": "09:00-11:00"},
        "valid_from": "2026-12-14",
        "valid_until": "2027-01-10",
        "dry_run": False,
    }


@pytest.mark.parametrize(
    "words",
    [
        ("--days", "someday", "--am", "09:00-11:00"),
        ("--days", "fri-mon", "--am", "09:00-11:00"),
        ("--days", "mon"),
        ("--days", "mon", "--am", "09:00-11:00", "--no-sessions"),
        ("--days", "mon", "--am", "09:00-11:00", "--from", "14/12/2026"),
    ],
)
def test_windows_that_make_no_sense_are_bad_usage_and_nothing_is_sent(keytalk, gateway, words):
    assert keytalk("establishments", "set-windows", "RSI", *words).exit_code == 2
    assert gateway.asked == []


def test_weekdays_without_sessions_are_said_so_on_purpose(keytalk, gateway):
    gateway.will_answer("scheduling.set_windows", CALENDAR)
    gateway.will_answer("scheduling.remove_windows", CALENDAR)

    keytalk("establishments", "set-windows", "RSI", "--days", "fri", "--no-sessions")
    keytalk("establishments", "remove-windows", "RSI", "--days", "fri", "--from", "2026-12-14")

    assert gateway.asked[0][1]["windows"] == {}
    assert gateway.asked[1][1] == {
        "establishment": "RSI", "weekdays": ["fri"], "valid_from": "2026-12-14", "dry_run": False,
    }  # fmt: skip


def test_closures_are_listed_and_yearly_ones_without_their_years(keytalk, gateway):
    gateway.will_answer("scheduling.list_blackouts", [CHRISTMAS, {**CHRISTMAS, "first": "2027-03-08", "yearly": False}])

    out = keytalk("establishments", "blackouts", "RSI").stdout

    assert "21 December" in out
    assert "Mon  8 Mar 2027" in out
    assert "Bank holidays" in out


def test_a_closure_is_added_changed_and_removed(keytalk, gateway):
    for call in ("add_blackout", "change_blackout", "remove_blackout"):
        gateway.will_answer(f"scheduling.{call}", {**CALENDAR, "breaches": [BREACH]})

    added = keytalk(
        *("establishments", "add-blackout", "RSI", "--first", "2027-03-08", "--last", "2027-03-12"),
        *("--why", "staff_training", "--yearly"),
    )
    keytalk("establishments", "change-blackout", "b1", "--first", "2026-12-19", "--last", "2027-01-06", "--dry-run")
    keytalk("establishments", "remove-blackout", "b1")

    assert "1 now break a rule" in added.stdout
    assert [asked for _, asked in gateway.asked] == [
        {
            "establishment": "RSI",
            "first": "2027-03-08",
            "last": "2027-03-12",
            "why": "staff_training",
            "yearly": True,
            "dry_run": False,
        },
        {
            "blackout": "b1",
            "first": "2026-12-19",
            "last": "2027-01-06",
            "why": None,
            "yearly": None,
            "dry_run": True,
        },
        {"blackout": "b1", "dry_run": False},
    ]


def test_rooms_are_listed_added_changed_and_retired(keytalk, gateway):
    planned = [
        {"run": "r", "enquiry": "KT-7F3K-92", "state": "held", "number": 2, "date": "2027-01-12", "start": "13:45"}
    ]
    gateway.will_answer("scheduling.list_rooms", [ROOM])
    gateway.will_answer("scheduling.add_room", ROOM)
    gateway.will_answer("scheduling.change_room", {**ROOM, "sessions": [], "breaches": []})
    gateway.will_answer("scheduling.retire_room", {**ROOM, "active": False, "sessions": planned, "breaches": []})

    assert "Chapel" in keytalk("establishments", "rooms", "RSI").stdout
    added = keytalk("establishments", "add-room", "RSI", "--name", "Chapel", "--capacity", "14")
    keytalk("establishments", "change-room", "r1", "--capacity", "20", "--in-use")
    retired = keytalk("establishments", "retire-room", "r1")

    assert added.stdout == "Chapel at RSI holds 14 people. Its id is r1.\n"
    assert gateway.asked[2][1] == {"room": "r1", "changes": {"capacity": 20, "active": True}, "dry_run": False}
    assert "It is out of use." in retired.stdout
    assert "KT-7F3K-92" in retired.stdout


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ({"minutes": 35, "known_by": "reckoned", "km": 21.9}, "35 minutes from RSI to STI, reckoned from 21.9 km.\n"),
        ({"minutes": 50, "known_by": "set", "km": None}, "50 minutes from RSI to STI, set by hand.\n"),
        ({"minutes": None, "known_by": None, "km": None}, "Nobody has said where one of them is. Give it a latitude"),
    ],
)
def test_the_way_between_two_places_is_told_and_set(keytalk, gateway, way, said):
    for call in ("get_travel", "set_travel_time"):
        gateway.will_answer(f"scheduling.{call}", {"here": "RSI", "there": "STI", "reckoned_minutes": None, **way})

    assert keytalk("establishments", "travel", "RSI", "STI").stdout.startswith(said)
    assert keytalk("establishments", "set-travel", "RSI", "STI", "--minutes", "50").stdout.startswith(said)
    assert gateway.asked[1][1] == {"here": "RSI", "there": "STI", "minutes": 50}


def test_closures_are_taken_in_from_a_file(keytalk, gateway, tmp_path):
    path = tmp_path / "closures.csv"
    path.write_text("prison_id,first,last,why\nRSI,2027-03-08,,inspection\n")
    refused = [{"line": 2, "id": "RSI", "why": "first: it is past."}]
    gateway.will_answer(
        "scheduling.import_blackouts", {"added": 0, "changed": 0, "unchanged": 0, "refused": refused, "kept": []}
    )

    result = keytalk("establishments", "import-blackouts", str(path), "--dry-run")

    assert result.exit_code == 1
    assert "it is past" in result.stdout
    assert gateway.asked[0][1]["dry_run"] is True


def test_a_register_says_what_it_left_as_set_by_hand(keytalk, gateway, tmp_path):
    path = tmp_path / "prisons.csv"
    path.write_text("prison_id,name\nRSI,Risley\n")
    kept = [{"line": 2, "id": "RSI", "why": "Set by hand, and so left as it is: active."}]
    gateway.will_answer(
        "scheduling.import_establishments",
        {"added": 0, "changed": 0, "unchanged": 1, "refused": [], "kept": kept, "versions": {}},
    )

    result = keytalk("establishments", "import", str(path))

    assert result.exit_code == 0
    assert "left as it is: active" in result.stdout


def test_the_help_of_an_import_lists_its_columns(keytalk):
    register = keytalk("establishments", "import", "--help").stdout
    regimes = keytalk("establishments", "regimes", "--help").stdout

    assert all(name in register for name in REGISTER_COLUMNS)
    assert all(name in regimes for name in REGIME_COLUMNS)


def test_the_help_of_windows_says_that_what_is_not_given_is_removed(keytalk):
    said = " ".join(keytalk("establishments", "set-windows", "--help").stdout.split())

    assert "What is not given is removed on those days" in said
    assert "In the morning." in said
