"""What `keytalk runs` prints of a run beside its dates, and how a rule is kept open."""

from __future__ import annotations

import pytest

from tests.unit.ops.telling_cast import done, telling

RUN = "3f0c9a4e-5d58-4f4e-8f57-0d5a4f5f8c11"
TEAM = [{"id": "f1", "name": "Ana Reyes"}, {"id": "f2", "name": "Tom Okafor"}]
WHY = "The governor agreed by letter."


def session(number, date, **more):
    bare = {"id": f"s{number}", "number": number, "date": date, "start": "13:45", "end": "16:45", "breaches": []}
    return {**bare, "kind": "planned", "state": "planned", "facilitators": TEAM, "room": None, **more}


def missing(why):
    return {"rule": "H13", "name": "gate_memo_is_approved", "why": why}


def run(*sessions, **more):
    return {"run": RUN, "state": "confirmed", "facilitators": TEAM, "sessions": list(sessions), "skipped": [], **more}


@pytest.fixture
def printed(keytalk, gateway):
    """Print a run as `runs show` does; give its lines."""

    def show(answer):
        gateway.will_answer("scheduling.get_run", answer)
        return keytalk("runs", "show", RUN).stdout.splitlines()

    return show


def test_a_session_says_what_sets_it_apart_and_nothing_where_nothing_does(printed):
    lines = printed(
        run(
            session(1, "2027-01-12"),
            session(2, "2027-01-19", facilitators=[TEAM[1], {"id": "f3", "name": "Lee Marsh"}]),
            session(3, "2027-01-26", state="cancelled"),
            session(3, "2027-01-28", kind="make_up", room={"id": "r1", "name": "The hall"}),
        )
    )

    assert "  1  Tue 12 Jan 2027, 13:45 to 16:45" in lines
    assert "  2  Tue 19 Jan 2027, 13:45 to 16:45 (with Tom Okafor, Lee Marsh)" in lines
    assert "  3  Tue 26 Jan 2027, 13:45 to 16:45 (cancelled)" in lines
    assert "  3  Thu 28 Jan 2027, 13:45 to 16:45 (make up; The hall)" in lines


def test_what_is_kept_open_names_who_and_why(printed):
    kept = {"rule": "H1", "name": "x", "why": "The window is short.", "by": "Priya", "reason": WHY}
    override = {"id": "o1", "rule": "H1", "session": "s1", "number": 1, "reason": WHY, "by": "Priya"}
    lines = printed(run(session(1, "2027-01-12", kept_open=[kept]), overrides=[override]))

    assert f"       - kept open by Priya: {WHY} (H1: The window is short.)" in lines
    assert f"     H1 for session 1, by Priya: {WHY} [o1]" in lines


def test_warnings_stand_below_as_no_obstacle(printed):
    lines = printed(run(session(1, "2027-01-12"), warnings=[{"code": "gap", "points": 3.5, "why": "There is a gap."}]))

    assert lines[lines.index("Worth knowing, and no obstacle:") + 1] == "     There is a gap."


def test_before_entry_only_the_next_session_is_spelled_out(printed):
    lines = printed(
        run(
            session(1, "2027-01-12", readiness=[]),
            session(2, "2027-01-19", readiness=[missing("No memo yet.")]),
            session(3, "2027-01-26", readiness=[missing("No memo for the third.")]),
        )
    )

    at = lines.index("Before entry to session 2:")
    assert lines[at + 1 : at + 3] == [
        "     No memo yet.",
        "     1 later session is not ready yet either; --json has each.",
    ]


@pytest.mark.parametrize(("more", "sent"), [((), {}), (("--session", "s3"), {"session": "s3"})])
def test_a_rule_is_kept_open_with_a_reason(keytalk, gateway, more, sent):
    gateway.will_answer("scheduling.override_rule", run(session(1, "2027-01-12")))

    assert keytalk("runs", "override", RUN, "H1", "--reason", WHY, *more).exit_code == 0
    assert gateway.asked == [("scheduling.override_rule", {"run": RUN, "rule": "H1", "reason": WHY, **sent})]


@pytest.mark.parametrize("line", ["runs override R H3 --reason because-of-this", "runs override R H1"])
def test_another_rule_or_no_reason_is_bad_usage(keytalk, gateway, line):
    assert keytalk(*line.split()).exit_code == 2
    assert gateway.asked == []


def test_a_rule_is_put_again(keytalk, gateway):
    gateway.will_answer("scheduling.withdraw_override", run(session(1, "2027-01-12")))

    keytalk("runs", "put-again", "o1")

    assert gateway.asked == [("scheduling.withdraw_override", {"override": "o1"})]


def test_a_dry_run_of_confirming_only_looks(keytalk, gateway):
    sends = [("enquirer:KT-7F3K-92", "run_confirmed_contact")]
    sends += [("facilitator:ana", "run_confirmed_facilitator"), *[("facilitator:ana", "session_brief_facilitator")] * 2]
    would = run(session(1, "2027-01-12"), enquiry="KT-7F3K-92", state="confirmed")
    gateway.will_answer("scheduling.confirm_run", {**would, **telling(*sends)})
    gateway.will_answer("scheduling.list_facilitators", [{"id": "ana", "name": "Ana Reyes"}])
    gateway.will_refuse("enquiries.get_enquiry", 403, "Your account may not do that.")

    result = keytalk("runs", "confirm", RUN, "--dry-run")

    assert gateway.asked[0] == ("scheduling.confirm_run", {"run": RUN, "dry_run": True})
    assert done(gateway, "scheduling.confirm_run") == []
    assert "would be confirmed" in result.stdout
    assert "nothing is changed, and nobody is told" in result.stderr
    assert "     the contact of KT-7F3K-92: Run confirmed, to the contact, Mon  7 Dec 2026 09:00" in result.stdout
    assert "     Ana Reyes: Session brief, to facilitators, 2 of them, the first Mon  7 Dec 2026 09:00" in result.stdout


def test_a_remote_run_is_planned_with_all_that_was_said_and_nothing_else(keytalk, gateway):
    gateway.will_answer("scheduling.plan_run", run(session(1, "2027-01-12"), mode="remote", group_size=12))
    gateway.will_answer("scheduling.list_runs", [])
    asked = "--mode remote --time 10:00 --programme a-workshop --group-size 12 --room r1"

    result = keytalk("runs", "plan", "--enquiry", "KT-1", "--start", "2027-01-12", *asked.split())

    assert gateway.asked[1][1] == {
        "enquiry": "KT-1",
        "start": "2027-01-12",
        "weekday": None,
        "window": None,
        "facilitators": [],
        "establishment": None,
        "programme": "a-workshop",
        "time": "10:00",
        "mode": "remote",
        "room": "r1",
        "group_size": 12,
    }
    assert "Held: remotely" in result.stdout
    assert "Group: 12" in result.stdout


def test_ids_of_sessions_are_shown_where_they_are_asked_for(keytalk, gateway):
    gateway.will_answer("scheduling.get_run", run(session(1, "2027-01-12")))

    assert "  1  Tue 12 Jan 2027, 13:45 to 16:45  s1" in keytalk("runs", "show", RUN, "--ids").stdout.splitlines()


def test_what_fell_out_stands_below_what_takes_place(printed):
    lines = printed(
        run(
            session(3, "2027-01-26", state="cancelled"),
            session(3, "2027-02-02", breaches=[missing("x")]),
            session(4, "2027-01-27", state="superseded"),
            state="draft",
        )
    )

    at = lines.index("Not held:")
    assert lines.index("  3  Tue  2 Feb 2027, 13:45 to 16:45") < at
    assert lines[at + 1 : at + 3] == [
        "  3  Tue 26 Jan 2027, 13:45 to 16:45 (cancelled)",
        "  4  Wed 27 Jan 2027, 13:45 to 16:45 (superseded)",
    ]
    assert lines[-1].startswith("1 of 1 sessions still need something")


@pytest.mark.parametrize("breaches", [[], [missing("No room.")]])
def test_while_the_enquiry_is_not_won_confirming_is_for_later(printed, breaches):
    unwon = {"rule": "H12", "name": "x", "why": "The enquiry is at availability."}
    lines = printed(run(session(1, "2027-01-12", breaches=breaches), state="draft", breaches=[unwon]))

    assert "once the enquiry is won" in lines[-1].lower()
    assert "To confirm the run" not in lines[-1]
    assert lines[-1].endswith(f"keytalk runs confirm {RUN}")
