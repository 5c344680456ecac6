"""One enquiry, all the way, in both modes: from the website form to a reminder."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.examples import WAY_TO_WON, risley_enquiry
from tests.servers.keytalk import CommandRefused, Keytalk
from tests.waiting import eventually

# Worked out from a calendar: every Tuesday from 12 January to 27 April 2027; none is a bank holiday.
TUESDAYS = [(date(2027, 1, 12) + timedelta(weeks=week)).isoformat() for week in range(16)]


def _accepted(keytalk: Keytalk, occasion: str) -> list[str]:
    rows = keytalk.cli("messages", "list", "--occasion", occasion, "--limit", "1000")
    return sorted(row["recipient"].partition(":")[0] for row in rows if row["state"] == "accepted")


@pytest.fixture(scope="module")
def reference(keytalk: Keytalk) -> str:
    answer = keytalk.post(risley_enquiry(), key="first-path")
    assert answer.status_code == 201, answer.text
    return answer.json()["reference"]


@pytest.fixture(scope="module")
def run(keytalk: Keytalk, reference: str) -> dict:
    planned = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2027-01-12", "--window", "pm")
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    return planned


def test_a_posted_enquiry_is_listed_at_once(keytalk, reference):
    listed = keytalk.cli("enquiries", "list")

    assert listed[0]["reference"] == reference
    assert listed[0]["stage"] == "new"
    assert listed[0]["establishment"] == "RSI"
    assert listed[0]["programme"] == "many-faces-of-trauma"
    assert listed[0]["received_at"]


def test_the_enquirer_is_thanked_and_the_ops_team_told(keytalk, reference):
    told = eventually(lambda: len(got := _accepted(keytalk, f"enquiry_received:{reference}")) == 2 and got)

    assert told == ["enquirer", "ops"]
    assert eventually(lambda: keytalk.cli("enquiries", "show", reference)["acknowledged_at"])


def test_an_illegal_move_is_refused_with_the_reason(keytalk, reference):
    with pytest.raises(CommandRefused, match="cannot move straight to won") as refusal:
        keytalk.cli("enquiries", "move", reference, "won")

    assert refusal.value.status == 1


def test_the_run_has_sixteen_sessions_in_the_regime_window(run):
    assert [session["date"] for session in run["sessions"]] == TUESDAYS
    assert {(session["start"], session["end"]) for session in run["sessions"]} == {("13:45", "16:45")}
    assert not [breach for session in run["sessions"] for breach in session["breaches"]]
    assert len(run["facilitators"]) == 2


def test_a_won_enquiry_adopts_the_run_that_was_planned(keytalk, reference, run):
    ours = [row for row in keytalk.cli("runs", "list") if row["enquiry"] == reference]

    assert [row["run"] for row in ours] == [run["run"]]


@pytest.fixture(scope="module")
def would_be(keytalk: Keytalk, run: dict) -> dict:
    """What a dry run says of confirming, before it is done."""
    return keytalk.cli("runs", "confirm", run["run"], "--dry-run")


def test_a_dry_run_changes_nothing_and_tells_nobody(keytalk, run, would_be):
    assert would_be["state"] == "confirmed"
    assert keytalk.cli("runs", "show", run["run"])["state"] == "draft"
    assert keytalk.cli("messages", "list", "--occasion", f"run_confirmed:{run['run']}") == []


def test_confirming_tells_everyone_once_and_schedules_the_reminders(keytalk, run, would_be):
    keytalk.cli("runs", "confirm", run["run"])

    occasion = f"run_confirmed:{run['run']}"
    told = eventually(lambda: len(got := _accepted(keytalk, occasion)) == 3 and got)
    assert told == ["enquirer", "facilitator", "facilitator"]
    waiting = [
        row
        for row in keytalk.cli("messages", "list", "--state", "scheduled", "--limit", "1000")
        if row["occasion"].startswith("session_reminder:")
    ]
    # Easter closes the prison around 30 March: both reminders of that session come to the Thursday before, as one.
    assert len(waiting) == (16 * 2 - 1) * 3
    # 15:00 local: Greenwich time in January, an hour ahead of it once the clocks have changed.
    assert min(row["due_at"] for row in waiting) == "2027-01-07T15:00:00+00:00"
    assert max(row["due_at"] for row in waiting) == "2027-04-26T14:00:00+00:00"


def test_the_dry_run_named_every_message_that_came_of_it(keytalk, run, would_be):
    told = keytalk.cli("messages", "list", "--subject", f"run:{run['run']}", "--limit", "1000")
    announced = [(each["recipient"], each["template"], each["occasion"]) for each in would_be["would_tell"]["sends"]]

    assert would_be["would_tell"]["cancels"] == []
    assert sorted(announced) == sorted((each["recipient"], each["template"], each["occasion"]) for each in told)


def test_a_dry_run_is_refused_as_the_change_itself_would_be(keytalk, run):
    with pytest.raises(CommandRefused, match="this one is confirmed") as refusal:
        keytalk.cli("runs", "confirm", run["run"], "--dry-run")

    assert refusal.value.status == 1


def test_the_confirmation_reads_as_the_first_one_and_holds_all_sessions(embedded):
    reference = embedded.post(risley_enquiry(contact_email="sam@risley.example")).json()["reference"]
    run = embedded.cli("runs", "plan", "--enquiry", reference, "--start", "2028-06-06", "--window", "am")
    for stage in WAY_TO_WON:
        embedded.cli("enquiries", "move", reference, stage)
    embedded.cli("runs", "confirm", run["run"])

    mails = eventually(
        lambda: [m for m in embedded.cli("mail", "list") if reference in m["subject"] and "16" in m["subject"]]
    )
    mail = embedded.cli("mail", "show", mails[0]["message_id"])

    assert "have changed" not in mail["text"]
    assert mail["attachments"][0]["text"].count("BEGIN:VEVENT") == 16


def test_a_confirmed_run_is_not_confirmed_again(keytalk, run):
    with pytest.raises(CommandRefused, match="this one is confirmed"):
        keytalk.cli("runs", "confirm", run["run"])


def test_a_due_reminder_is_sent_once(keytalk, run):
    first = keytalk.cli("jobs", "run-due", "--as-of", "2027-01-07T15:00")
    again = keytalk.cli("jobs", "run-due", "--as-of", "2027-01-07T15:00")
    day_before = keytalk.cli("jobs", "run-due", "--as-of", "2027-01-11T15:00")

    # With each, the ops team has its summary of that morning; with the first, the prison has the kit list as well.
    assert (first["sent"], again["sent"], day_before["sent"]) == (3 + 1 + 1, 0, 3 + 1)


def test_a_reminder_that_would_come_too_late_is_marked_missed(keytalk, run):
    # 20 January: session 2 has been and gone with its 1-day reminder of the 18th (and the 5-day one) unsent, and so
    # have the evening and the morning on which two people were to be asked for the register of session 1, and the
    # evening of session 2. That the register of session 1 is still open, ops may well hear of now.
    late = keytalk.cli("jobs", "run-due", "--as-of", "2027-01-20T09:00")

    assert late["sent"] == 1 + 1  # with the summary of that morning
    assert late["missed"] == 6 + 2 + 2 + 2


def test_a_run_without_cleared_facilitators_stands_with_its_breaches(keytalk):
    reference = keytalk.post(risley_enquiry(establishment="Berwyn (HMP)")).json()["reference"]

    plan = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2027-03-29", "--weekday", "mon")

    assert len(plan["sessions"]) == 16
    assert {breach["rule"] for breach in plan["sessions"][0]["breaches"]} == {"H4"}
    assert plan["skipped"][0] == {"date": "2027-03-29", "why": "Easter Monday"}
    assert [skipped["date"] for skipped in plan["skipped"]] == ["2027-03-29", "2027-05-03", "2027-05-31"]
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)
    with pytest.raises(CommandRefused, match="H4 enough facilitators"):
        keytalk.cli("runs", "confirm", plan["run"])


def test_a_clearance_that_lapses_is_named_session_by_session(keytalk):
    reference = keytalk.post(risley_enquiry()).json()["reference"]
    ids = []
    for name, until in (("Ida Lapsing", "2027-03-19"), ("Ola Lasting", "2028-01-01")):
        email = f"{name.split()[0].lower()}@facilitators.example"
        person = keytalk.cli("facilitators", "add", "--name", name, "--email", email)["id"]
        keytalk.cli(
            "clearances", "grant", "--facilitator", person, "--establishment", "RSI", "--from", "2026-01-01",
            "--until", until,
        )  # fmt: skip
        ids += ["--facilitator", person]

    plan = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2027-01-12", *ids)

    broken = [each["number"] for each in plan["sessions"] if any(b["rule"] == "H3" for b in each["breaches"])]
    assert broken == [11, 12, 13, 14, 15, 16]


def test_a_won_enquiry_without_a_plan_gets_a_draft_from_its_preferences(keytalk):
    reference = keytalk.post(risley_enquiry(preferred_start="2027-06-01")).json()["reference"]
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", reference, stage)

    draft = eventually(lambda: [row for row in keytalk.cli("runs", "list") if row["enquiry"] == reference])

    assert draft[0]["state"] == "draft"
    assert draft[0]["first_session"] == "2027-06-01"


def test_a_run_is_confirmed_only_once_its_enquiry_is_won(keytalk):
    reference = keytalk.post(risley_enquiry()).json()["reference"]
    plan = keytalk.cli("runs", "plan", "--enquiry", reference, "--start", "2028-01-11")

    with pytest.raises(CommandRefused, match="H12"):
        keytalk.cli("runs", "confirm", plan["run"])
