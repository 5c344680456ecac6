"""`keytalk messages proof` and `not-told`: who knows of which session, and who does not."""

from __future__ import annotations

import json

TOM, MESSAGE = "0192f0c8-0000-7000-8000-0000000000a1", "0192f0c8-0000-7000-8000-000000000010"
RUN = {
    "run": "0192f0c8-0000-7000-8000-0000000000c1",
    "enquiry": "KT-7F3K-92",
    "establishment": "Risley (HMP)",
    "programme": "The Many Faces of Trauma",
    "version": 2,
}
AT = {"start": "13:45", "end": "16:45", "zone": "Europe/London"}
NINE = {"id": "s9", "number": 9, "date": "2027-03-16", **AT, "takes_place": True}


def person(recipient: str, verdict: str, **more):
    nothing = {"is_awaited": True, "why": None, "may_believe": [], "message": None, "can_do": [], "messages": []}
    return {**nothing, "recipient": recipient, "verdict": verdict, **more}


def message(template: str, state: str, at: str):
    is_reminder, waits = template.startswith(("session_reminder", "session_brief")), state == "scheduled"
    after = {"is_reminder": is_reminder, "next_attempt_at": at if waits else None}
    return {"template": template, "state": state, "at": at, **after}


CONTACT = person(
    "enquirer:KT-7F3K-92",
    "told",
    messages=[
        message("run_confirmed_contact", "accepted", "2026-12-01T09:00:00+00:00"),
        message("run_changed_contact", "delivered", "2027-03-09T08:21:00+00:00"),
        message("session_reminder_contact", "scheduled", "2027-03-11T15:00:00+00:00"),
    ],
)
NOT_TOLD = person(
    f"facilitator:{TOM}",
    "not_told",
    why="The letter that says it could not be sent: 550 no.",
    may_believe=[{"date": "2027-03-09", **AT}, None],
    message=MESSAGE,
    can_do=["resend", "ring"],
    messages=[message("run_changed_facilitator", "failed", "2027-03-09T08:21:00+00:00")],
)


def test_a_proof_says_who_was_told_by_which_message_and_who_was_not(keytalk, gateway):
    letter = message("run_changed_facilitator", "scheduled", "2027-03-10T08:00:00+00:00")
    tried = {**letter, "at": "2027-03-09T20:00:00+00:00"}
    brief = message("session_brief_facilitator", "scheduled", "2027-03-11T15:00:00+00:00")
    waits = person("facilitator:someone", "to_be_told", messages=[tried, brief])
    off = {**NINE, "id": "s0", "date": "2027-03-09", "takes_place": False, "people": [CONTACT]}
    session = {**NINE, "people": [CONTACT, NOT_TOLD, waits]}
    gateway.will_answer("notifications.session_proof", {**RUN, "sessions": [off, session]})
    gateway.will_answer("scheduling.list_facilitators", [{"id": TOM, "name": "Tom Okafor"}])

    lines = keytalk("messages", "proof", RUN["run"]).stdout.splitlines()

    assert lines[0] == "The Many Faces of Trauma, Risley (HMP), reference KT-7F3K-92"
    told = [" ".join(each.split()) for each in lines if "Mar 2027 13:45" in each]
    assert told == [
        "9, Tue 9 Mar 2027 13:45 (not taking place) the contact of KT-7F3K-92 told "
        "run changed contact, Tue 9 Mar 2027 08:21",
        "9, Tue 16 Mar 2027 13:45 the contact of KT-7F3K-92 told run changed contact, Tue 9 Mar 2027 08:21",
        "9, Tue 16 Mar 2027 13:45 Tom Okafor NOT TOLD The letter that says it could not be sent: 550 no. "
        "They may expect it on Tue 9 Mar 2027 13:45.",
        "9, Tue 16 Mar 2027 13:45 facilitator:someone to be told run changed facilitator, Wed 10 Mar 2027 08:00",
    ]


def test_one_session_can_be_asked_for_and_json_has_every_message(keytalk, gateway):
    gateway.will_answer("notifications.session_proof", {**RUN, "sessions": [{**NINE, "people": [CONTACT]}]})

    said = json.loads(keytalk("messages", "proof", RUN["run"], "--session", "9", "--json").stdout)

    assert gateway.asked == [("notifications.session_proof", {"run": RUN["run"], "session": 9})]
    assert len(said["sessions"][0]["people"][0]["messages"]) == 3


def test_the_worklist_says_when_who_why_and_what_may_help(keytalk, gateway):
    enquirer = person(
        "enquirer:KT-2222-22",
        "in_doubt",
        at="2026-12-01T09:00:00+00:00",
        enquiry="KT-2222-22",
        session=None,
        template="enquiry_received",
        why="It may have arrived, and nobody can say whether it did.",
        message=MESSAGE,
        can_do=["ring", "resend"],
    )
    gap = {**RUN, **NOT_TOLD, "session": NINE, "at": "2027-03-09T13:45:00+00:00"}
    gateway.will_answer("notifications.list_not_told", [enquirer, gap])
    gateway.will_refuse("scheduling.list_facilitators", 503, "Scheduling does not answer just now.")

    done = keytalk("messages", "not-told", "--days", "14")

    assert gateway.asked[0] == ("notifications.list_not_told", {"days": 14, "limit": 200, "waiting": True})
    told = [" ".join(each.split()) for each in done.stdout.splitlines() if MESSAGE in each]
    assert told == [
        "Tue 1 Dec 2026 09:00 the contact of KT-2222-22 enquiry received in doubt "
        f"It may have arrived, and nobody can say whether it did. ring, or resend {MESSAGE}",
        f"Tue 9 Mar 2027 13:45 facilitator:{TOM} Risley (HMP), 9, Tue 16 Mar 2027 13:45 NOT TOLD "
        "The letter that says it could not be sent: 550 no. They may expect it on Tue 9 Mar 2027 13:45. "
        f"resend, or ring {MESSAGE}",
    ]
    assert "keytalk messages resend MESSAGE --reason WHY" in done.stderr


def test_where_everyone_was_told_it_says_so_and_asks_for_no_names(keytalk, gateway):
    gateway.will_answer("notifications.list_not_told", [])

    assert keytalk("messages", "not-told").stdout == "Nobody is left out in the next 28 days: everyone was told.\n"
    assert gateway.asked == [("notifications.list_not_told", {"days": 28, "limit": 200, "waiting": True})]


def test_letters_that_wait_are_counted_and_those_tried_in_vain_listed_with_why(keytalk, gateway):
    waits = {**RUN, **person("facilitator:ana", "to_be_told"), "at": "2027-03-09T13:45:00+00:00"}
    waits |= {"message": "m1", "attempts": 0, "why": None, "next_attempt_at": "2027-03-02T08:00:00+00:00"}
    tried = {**waits, "recipient": f"facilitator:{TOM}", "message": "m2", "attempts": 2, "why": "no server"}
    sessions = [{**row, "session": {**NINE, "number": n}} for n in (9, 10) for row in (waits, tried)]
    thanks = {**waits, "recipient": "enquirer:KT-1", "session": None, "template": "enquiry_received", "message": "m3"}
    gateway.will_answer("notifications.list_not_told", [*sessions, thanks])
    gateway.will_answer("scheduling.list_facilitators", [{"id": TOM, "name": "Tom Okafor"}])

    done = keytalk("messages", "not-told")

    assert "Nobody is left out in the next 28 days.\n3 letters still wait to go out, 2 of them about sessions.\n" in (
        done.stdout
    )
    told = [" ".join(each.split()) for each in done.stdout.splitlines() if "Tom Okafor" in each]
    assert len(told) == 2
    assert "no server; tried again Tue 2 Mar 2027 08:00" in told[0]
    assert "facilitator:ana" not in done.stdout


def test_that_somebody_was_rung_is_noted_after_a_look(keytalk, gateway):
    noted = {
        "recipient": f"facilitator:{TOM}",
        "why": "Told by phone, priya says.",
        "noted": [{"message": MESSAGE, "about": f"run:{RUN['run']}"}],
    }
    gateway.will_answer("notifications.note_told", noted)
    gateway.will_answer("scheduling.list_facilitators", [{"id": TOM, "name": "Tom Okafor"}])
    line = ("messages", "told", f"facilitator:{TOM}", "--by", "phone", "--run", RUN["run"])
    asked = {"recipient": f"facilitator:{TOM}", "way": "phone", "run": RUN["run"], "session": None}

    looked = keytalk(*line, "--dry-run")
    declined = keytalk(*line, typed="n\n")
    done = keytalk(*line, typed="y\n")

    assert f"This would be noted of Tom Okafor: Told by phone, priya says. (run {RUN['run']})" in looked.stdout
    assert (looked.exit_code, declined.exit_code, done.exit_code) == (0, 1, 0)
    assert "Noted of Tom Okafor: Told by phone, priya says." in done.stdout
    dry = ("notifications.note_told", {**asked, "dry_run": True})
    told = [call for call in gateway.asked if call[0] == "notifications.note_told"]
    assert told == [dry, dry, dry, ("notifications.note_told", asked)]
    assert json.loads(keytalk(*line, "--yes", "--json").stdout) == noted
