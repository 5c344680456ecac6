"""What the commands that list, search and keep filters ask for, and what they print."""

import csv
import io
import json

FOUND = {
    "reference": "KT-7F3K-92",
    "stage": "new",
    "standing": "quarantined",
    "owner": None,
    "waiting_on": "us",
    "establishment": "Risley",
    "programme": "many-faces-of-trauma",
    "received_at": "2026-11-24T09:00:00+00:00",
    "first_reply_due_at": None,
    "cursor": "abc",
}


def test_a_list_asks_only_for_what_was_given(keytalk, gateway):
    gateway.will_answer("enquiries.list_enquiries", [FOUND])

    keytalk("enquiries", "list", "--owner", "sam", "--not-overdue", "--open-task", "--from", "2027-01-05")

    asked = {"limit": 50, "owner": "sam", "overdue": False, "has_open_task": True, "received_from": "2027-01-05"}
    assert gateway.asked == [("enquiries.list_enquiries", asked)]


def test_a_list_by_a_kept_filter_names_it(keytalk, gateway):
    gateway.will_answer("enquiries.list_enquiries", [])

    keytalk("enquiries", "list", "--filter", "my prisons", "--after", "abc", "--limit", "2")

    assert gateway.asked == [("enquiries.list_enquiries", {"limit": 2, "saved": "my prisons", "after": "abc"})]


def test_a_list_for_a_spreadsheet_holds_no_formula_whoever_typed_it(keytalk, gateway):
    hostile = {**FOUND, "establishment": '=HYPERLINK("https://x.example","Risley")', "owner": "Siân, Ŵyn"}
    gateway.will_answer("enquiries.list_enquiries", [hostile])

    result = keytalk("enquiries", "list", "--csv")

    heading, row = csv.reader(io.StringIO(result.stdout))
    assert heading[:3] == ["Reference", "Stage", "Owner"]
    assert row[:5] == ["KT-7F3K-92", "new", "Siân, Ŵyn", "us", '\'=HYPERLINK("https://x.example","Risley")']


def test_a_search_takes_words_as_they_come_and_shows_the_standing(keytalk, gateway):
    gateway.will_answer("enquiries.search_enquiries", [FOUND])

    result = keytalk("enquiries", "search", "ffion", "môn", "ris")

    assert gateway.asked == [("enquiries.search_enquiries", {"words": "ffion môn ris", "limit": 50})]
    assert "quarantined" in result.stdout


def test_a_search_without_a_find_says_what_to_try(keytalk, gateway):
    gateway.will_answer("enquiries.search_enquiries", [])

    assert "only the beginning of one" in keytalk("enquiries", "search", "zzz").stdout


def test_a_filter_is_kept_listed_and_forgotten(keytalk, gateway):
    gateway.will_answer("enquiries.save_filter", {"name": "mine", "filter": {"owner": "sam"}})
    gateway.will_answer("enquiries.list_filters", [{"name": "mine", "filter": {"owner": "sam"}, "at": "2026-11-24"}])
    gateway.will_answer("enquiries.forget_filter", {"forgotten": "mine"})

    saved = keytalk("filters", "save", "mine", "--owner", "sam", "--stage", "new")
    listed = keytalk("filters", "list")
    forgotten = keytalk("filters", "forget", "mine")

    fields = {"stage": "new", "owner": "sam"}
    assert gateway.asked[0] == ("enquiries.save_filter", {"name": "mine", "fields": fields})
    assert 'keytalk enquiries list --filter "mine"' in saved.stderr
    assert "owner: sam" in listed.stdout
    assert forgotten.stdout == "'mine' is kept no longer.\n"


def test_kept_filters_are_plain_json_for_programs(keytalk, gateway):
    gateway.will_answer("enquiries.list_filters", [])

    assert json.loads(keytalk("filters", "list", "--json").stdout) == []


OPTION = {
    "start": "2027-02-02",
    "weekday": "tue",
    "window": "pm",
    "time": "13:45-16:45",
    "first_session": "2027-02-02",
    "last_session": "2027-05-18",
    "facilitators": [{"id": "f1", "name": "Ana"}, {"id": "f2", "name": "Tom"}],
    "points": 3.5,
    "trade_offs": [
        {"code": "gap", "points": 3.5, "why": "There is a gap."},
        {"code": "day", "points": 0.0, "why": "It is the day they asked for."},
    ],
}
WANTED = {"enquiry": "KT-7F3K-92", "establishment": "RSI", "programme": "many-faces-of-trauma", "mode": "in_person"}


def test_only_what_counts_against_an_option_is_printed_with_its_points(keytalk, gateway):
    gateway.will_answer("scheduling.find_slots", {"options": [OPTION], "wanted": WANTED, "why_not": None})

    lines = keytalk("runs", "find", "--enquiry", "KT-7F3K-92").stdout.splitlines()

    assert "   - There is a gap. (3.5)" in lines
    assert not any("the day they asked for" in line for line in lines)
    assert lines[0].startswith("The best of each day and time comes first")
    assert lines[-2] == "Where KT-7F3K-92 has no confirmed run yet, plan the first:"
    assert lines[-1] == (
        "keytalk runs plan --enquiry KT-7F3K-92 --start 2027-02-02 --weekday tue --window pm "
        "--facilitator f1 --facilitator f2"
    )


def test_without_an_enquiry_the_plan_carries_what_was_said(keytalk, gateway):
    wanted = {**WANTED, "enquiry": None, "mode": "remote"}
    gateway.will_answer("scheduling.find_slots", {"options": [OPTION], "wanted": wanted, "why_not": None})
    asked = "--establishment RSI --programme many-faces-of-trauma --remote --group-size 8"

    said = keytalk("runs", "find", *asked.split()).stdout.splitlines()[-1]

    for words in asked.replace("--remote", "--mode remote").split(" --"):
        assert words.removeprefix("--") in said
    assert "--enquiry REF" in said
