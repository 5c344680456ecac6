"""`keytalk reminders` and `keytalk messages simulate`: looked at first, then asked, then done on what was shown."""

from __future__ import annotations

import json

import pytest

RULE = {
    "name": "session_reminder",
    "about": "A session is near.",
    "anchor": "session_start",
    "before": True,
    "offsets": ["5d", "1d"],
    "at": "15:00",
    "audience": ["contact", "facilitator"],
    "recurs": False,
    "programmes": None,
    "mode": None,
    "is_on": True,
    "reason": None,
    "changed_at": None,
    "changed_by": None,
}
NAMES = {
    **RULE,
    "name": "delegate_names",
    "anchor": "first_session",
    "offsets": ["10wd"],
    "at": "10:00",
    "programmes": ["unlocking-the-key-to-compassion"],
    "changed_by": "priya",
    "reason": "asked by prisons",
}
ROLLING = {**RULE, "name": "rolling_confirmation", "anchor": "first_session", "before": False, "offsets": ["4w"],
           "at": "10:00", "recurs": True, "mode": "in_person"}  # fmt: skip
ANA = "0192f0c8-0000-7000-8000-0000000000aa"
MESSAGE = {
    "due_at": "2027-01-07T15:00:00+00:00",
    "recipient": f"facilitator:{ANA}",
    "template": "session_reminder_facilitator",
    "occasion": "session_reminder:5d:s1",
    "run": "r1",
    "rule": "session_reminder",
    "anchor": {},
    "why": "session reminder: 5 days before session 1, Tue 12 Jan 2027",
}
AHEAD = {"until": "2027-01-20", "count": 1, "messages": [MESSAGE], "missing": []}
FOUND = {
    "was": RULE,
    "rule": {**RULE, "offsets": ["7d", "1d"]},
    "runs": 1,
    "goes": 12,
    "comes": 1,
    "first_to_go": [MESSAGE],
    "first_to_come": [{**MESSAGE, "why": "session reminder: 7 days before session 1, Tue 12 Jan 2027"}],
    "basis": "abc",
}
PREVIEW, CHANGE = "notifications.preview_reminder_rule", "notifications.change_reminder_rule"
SEVEN = ("session_reminder", "--offset", "7d", "--offset", "1d")


@pytest.fixture(autouse=True)
def ana(gateway):
    gateway.will_answer("scheduling.list_facilitators", [{"id": ANA, "name": "Ana Reyes"}])


def asked_of(gateway, call):
    return [{k: v for k, v in body.items() if k != "idempotency_key"} for name, body in gateway.asked if name == call]


def test_the_rules_are_listed_in_words(keytalk, gateway):
    gateway.will_answer("notifications.list_reminder_rules", [RULE, NAMES, ROLLING])

    listed = keytalk("reminders", "list").stdout
    assert "every 4w from the first session to the last at 10:00 (in person only)" in listed

    assert "5d, 1d before a session at 15:00" in listed
    assert "10wd before the first session at 10:00 (unlocking-the-key-to-compassion only)" in listed
    assert "by priya: asked by prisons" in listed
    assert json.loads(keytalk("reminders", "list", "--json").stdout) == [RULE, NAMES, ROLLING]


def test_a_preview_shows_what_goes_and_comes_and_changes_nothing(keytalk, gateway):
    gateway.will_answer(PREVIEW, FOUND)

    shown = keytalk("reminders", "preview", *SEVEN, "--at", "15:00", "--on").output

    for said in (
        "Now:  5d, 1d before a session at 15:00",
        "Then: 7d, 1d before a session at 15:00",
        "12 messages would be withdrawn and 1 made, for 1 run.",
        "Withdrawn, the first 1 of 12:",
        "Made:",
        "Ana Reyes",
        "5 days before session 1, Tue 12 Jan 2027",
        "7 days before session 1, Tue 12 Jan 2027",
        "Thu  7 Jan 2027 15:00",
        "Nothing is changed.",
    ):
        assert said in shown
    assert asked_of(gateway, PREVIEW) == [
        {"name": "session_reminder", "offsets": ["7d", "1d"], "at": "15:00", "is_on": True}
    ]


def test_a_yes_changes_the_rule_on_what_was_shown(keytalk, gateway):
    gateway.will_answer(PREVIEW, FOUND)
    gateway.will_answer(CHANGE, FOUND)

    done = keytalk("reminders", "change", *SEVEN, "--reason", "asked by prisons", typed="y\n")

    assert done.exit_code == 0
    assert "Done: 12 messages withdrawn, 1 made." in done.stdout
    assert asked_of(gateway, CHANGE) == [
        {"name": "session_reminder", "reason": "asked by prisons", "basis": "abc", "offsets": ["7d", "1d"]}
    ]


def test_a_no_changes_nothing(keytalk, gateway):
    gateway.will_answer(PREVIEW, FOUND)

    done = keytalk("reminders", "change", "session_reminder", "--off", "--reason", "asked", typed="n\n")

    assert "Nothing was changed." in done.output
    assert asked_of(gateway, CHANGE) == []


def test_a_reminder_on_the_day_itself_is_said_to_come_too_late_for_earlier_sessions(keytalk, gateway):
    gateway.will_answer(PREVIEW, {**FOUND, "rule": {**RULE, "offsets": ["0d"]}}, FOUND)

    shown = keytalk("reminders", "preview", "session_reminder", "--offset", "0d").stdout
    assert "On its own day nobody is reminded of a session that begins by 15:00." in shown
    assert "On its own day" not in keytalk("reminders", "preview", *SEVEN).stdout


def test_a_rule_that_is_switched_off_is_said_to_be(keytalk, gateway):
    gateway.will_answer(PREVIEW, {**FOUND, "rule": {**RULE, "is_on": False}})

    assert "Then: switched off" in keytalk("reminders", "preview", "session_reminder", "--off").stdout


def test_a_change_needs_a_reason(keytalk, gateway):
    assert keytalk("reminders", "change", "session_reminder", "--off").exit_code == 2
    assert gateway.asked == []


def test_what_is_due_is_shown_with_why(keytalk, gateway):
    gateway.will_answer("notifications.simulate", {**AHEAD, "count": 3})

    shown = keytalk("messages", "simulate", "--days", "14").output

    assert "5 days before session 1, Tue 12 Jan 2027" in shown
    assert "These are the first 1 of 3" in shown
    assert asked_of(gateway, "notifications.simulate") == [{"days": 14, "limit": 200}]


def test_what_could_not_be_asked_for_is_said_beside_what_is_due(keytalk, gateway):
    gateway.will_answer("notifications.simulate", {**AHEAD, "missing": ["Letters about what ends are not shown."]})

    shown = keytalk("messages", "simulate").output

    assert "5 days before session 1" in shown
    assert "Letters about what ends are not shown." in shown


def test_moving_a_session_is_looked_at_by_the_event_it_would_be_told_with(keytalk, gateway):
    told = {"run": "r1", "sends": [MESSAGE], "cancels": []}
    gateway.will_answer("scheduling.preview_change", {"event": {"run_id": "r1"}})
    gateway.will_answer("notifications.simulate_change", told)
    move = ("messages", "simulate", "--run", "r1", "--move", "5", "--to", "2027-02-11", "--at", "13:45")

    shown = keytalk(*move).output

    assert "Would be sent:" in shown
    assert "5 days before session 1, Tue 12 Jan 2027" in shown
    assert "Nothing is changed." in shown
    change = {"kind": "move", "session": "5", "date": "2027-02-11", "start": "13:45"}
    assert asked_of(gateway, "scheduling.preview_change") == [{"run": "r1", "change": change, "with_event": True}]
    assert asked_of(gateway, "notifications.simulate_change") == [{"event": {"run_id": "r1"}}]
    assert json.loads(keytalk(*move, "--json").stdout) == told


def test_of_a_run_that_is_not_confirmed_nobody_is_told(keytalk, gateway):
    gateway.will_answer("scheduling.preview_change", {"event": None})

    shown = keytalk("messages", "simulate", "--run", "r1", "--move", "5", "--to", "2027-02-11").stdout

    assert "not confirmed, so nobody is told" in shown
    assert asked_of(gateway, "notifications.simulate_change") == []


def test_half_a_question_is_refused(keytalk, gateway):
    refused = keytalk("messages", "simulate", "--run", "r1", "--move", "5")

    assert refused.exit_code == 2
    assert "give all of --run, --move and --to" in refused.stderr
    assert gateway.asked == []
