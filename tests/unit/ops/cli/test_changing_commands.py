"""`keytalk runs cascade` and its kin, and `establishments block`: shown first, asked, then done on what was shown."""

from __future__ import annotations

import json

import pytest

from tests.unit.ops.telling_cast import done as done_for_good
from tests.unit.ops.telling_cast import telling

DIFF = {
    "run": "r1",
    "kind": "cascade",
    "basis": "4-a-b-c-d-e",
    "cancelled": [{"number": 9, "date": "2027-03-09", "start": "13:45", "chargeable": False, "pence": 25000}],
    "moved": [
        {
            "number": 10,
            "from_date": "2027-03-16",
            "from_start": "13:45",
            "to_date": "2027-03-23",
            "to_start": "13:45",
        }
    ],
    "added": [{"number": 9, "date": "2027-03-16", "start": "13:45", "end": "16:45", "in_place_of": "2027-03-09"}],
    "people": [{"number": 2, "date": "2027-01-19", "comes": [{"name": "Lee Marsh"}], "goes": [{"name": "Ana Reyes"}]}],
    "new_breaches": [],
    "mended": [{"rule": "H2", "number": 3, "why": "Closed."}],
    "warnings": ["There is no session for 21 days."],
    "clashes": [],
    "told": {"facilitators": [{"name": "Ana Reyes"}, {"name": "Tom Okafor"}], "contact_of": "KT-7F3K-92", "ops": True},
    "papers": {"memos": [{"id": "m1", "state": "approved", "number": None}], "kit": ["needles"]},
    "calendars": {"updated": [10], "cancelled": [9], "new": [9]},
    "charged_pence": 0,
    "sessions_before": 16,
    "sessions_after": 16,
    "last_before": "2027-04-27",
    "last_after": "2027-05-04",
}
BREACH = {
    "number": 10,
    "rule": "H3",
    "name": "x",
    "why": "Ana's clearance ends on 19 March 2027.",
    "facilitator_id": "a",
}
HIT = {"run": "r1", "enquiry": "KT-7F3K-92", "run_state": "confirmed", "session": "s9", "number": 9}
HIT |= {"date": "2027-03-09", "start": "13:45", "remedies": []}
TOLD = telling(
    ("facilitator:a", "run_changed_facilitator"), cancels=[("facilitator:a", "session_brief_facilitator", "Moved.")]
)
DONE = {"change": "c1", "group": "c1", "run": "r1", "kind": "cascade", **TOLD}
PREVIEW, APPLY = "scheduling.preview_change", "scheduling.apply_change"
CASCADE = ("runs", "cascade", "r1", "9", "--cause", "lockdown", "--party", "prison")
ASKED = {"kind": "cascade", "session": "9", "cause": "lockdown", "party": "prison"}


@pytest.fixture(autouse=True)
def known(gateway):
    """Who is known by name, and what each kind of change would lead to."""
    gateway.will_answer("scheduling.list_facilitators", [{"id": "a", "name": "Ana Reyes"}])
    for change in (APPLY, "scheduling.reverse_change"):
        gateway.will_answer(change, DONE)
    gateway.will_answer("scheduling.close_establishment", {"establishment": "RSI", "group": "g1", **TOLD})


def asked_of(gateway, call):
    return [body for name, body in gateway.asked if name == call]


def test_all_that_follows_is_shown_and_a_yes_applies_just_that(gateway, keytalk):
    gateway.will_answer(PREVIEW, DIFF)

    done = keytalk(*CASCADE, typed="y\n")

    assert done.exit_code == 0
    for said in (
        "9  Tue  9 Mar 2027, 13:45: does not take place",
        "10  Tue 16 Mar 2027, 13:45 -> Tue 23 Mar 2027, 13:45",
        "9  Tue 16 Mar 2027, 13:45: new",
        "Ana Reyes goes, Lee Marsh comes",
        "H2, session 3: holds again",
        "There is no session for 21 days.",
        "Gate memo to send again (approved now): m1",
        "Kit to ask for again: needles",
        "Calendar entries: 1 updated, 1 cancelled, 1 new.",
        "Ana Reyes: Run changed, to facilitators, Mon  7 Dec 2026 09:00",
        "Ana Reyes: Session brief, to facilitators, Mon  7 Dec 2026 09:00 (Moved)",
        "£0.00",
        "Sessions: 16 (before: 16), the last on Tue  4 May 2027.",
        "keytalk runs reverse c1",
    ):
        assert said in done.output
    [asked] = done_for_good(gateway, APPLY)
    assert {name: asked[name] for name in ("run", "change", "basis", "accept_breaches")} == {
        "run": "r1",
        "change": ASKED,
        "basis": DIFF["basis"],
        "accept_breaches": False,
    }


@pytest.mark.parametrize(("words", "typed"), [((), "n\n"), (("--dry-run",), None), (("--dry-run", "--yes"), None)])
def test_without_a_yes_nothing_is_changed(gateway, keytalk, words, typed):
    gateway.will_answer(PREVIEW, DIFF)

    keytalk(*CASCADE, *words, typed=typed)

    assert done_for_good(gateway, APPLY) == []


def test_new_breaches_need_a_word_of_their_own(gateway, keytalk):
    gateway.will_answer(PREVIEW, {**DIFF, "new_breaches": [BREACH]})

    done = keytalk(*CASCADE, "--yes")

    assert done.exit_code == 1
    assert "H3, session 10: Ana's clearance ends on 19 March 2027." in done.output
    assert "--accept-breaches" in done.output
    assert done_for_good(gateway, APPLY) == []
    assert keytalk(*CASCADE, "--yes", "--accept-breaches").exit_code == 0
    assert done_for_good(gateway, APPLY)[0]["accept_breaches"] is True


def test_a_dry_run_can_be_had_as_json(gateway, keytalk):
    gateway.will_answer(PREVIEW, DIFF)

    assert json.loads(keytalk(*CASCADE, "--dry-run", "--json").stdout) == {**DIFF, **TOLD}


def test_a_dry_run_is_of_the_very_change_and_looks_behind_broken_rules(gateway, keytalk):
    gateway.will_answer(PREVIEW, {**DIFF, "new_breaches": [BREACH]})

    shown = keytalk(*CASCADE, "--no-charge", "--charge-reason", "goodwill", "--dry-run")

    [tried] = asked_of(gateway, APPLY)
    assert tried == {"run": "r1", "change": ASKED, "basis": DIFF["basis"], "chargeable": False,
                     "charge_reason": "goodwill", "accept_breaches": True, "dry_run": True}  # fmt: skip
    assert "Ana Reyes: Run changed, to facilitators" in shown.stdout


def test_what_follows_is_shown_even_where_it_cannot_be_done(gateway, keytalk):
    gateway.will_answer(PREVIEW, DIFF)
    gateway.answers[APPLY].clear()
    gateway.will_refuse(APPLY, 409, "A facilitator of this run was booked by another run.")

    shown = keytalk(*CASCADE, "--dry-run")

    assert shown.exit_code == 1
    assert "9  Tue  9 Mar 2027, 13:45: does not take place" in shown.stdout
    assert "booked by another run" in shown.stderr


def test_a_dry_run_ends_as_the_change_would(gateway, keytalk):
    gateway.will_answer(PREVIEW, {**DIFF, "new_breaches": [BREACH]})

    assert keytalk(*CASCADE, "--dry-run").exit_code == 1
    assert keytalk(*CASCADE, "--dry-run", "--accept-breaches").exit_code == 0
    assert done_for_good(gateway, APPLY) == []


def test_a_stale_look_is_said_plainly(gateway, keytalk):
    gateway.will_answer(PREVIEW, DIFF)
    gateway.will_refuse(APPLY, 409, "Since you looked, sam made a change (move run). Nothing was changed.")

    done = keytalk(*CASCADE, "--yes")

    assert done.exit_code == 1
    assert "sam made a change (move run)" in done.output


@pytest.mark.parametrize(
    ("words", "change"),
    [
        (("cancel", "r1", "9", "10", "--cause", "no_escort", "--party", "prison"),
         {"kind": "cancel", "sessions": ["9", "10"], "cause": "no_escort", "party": "prison", "remedy": "drop"}),
        (("make-up", "r1", "9", "2027-03-11", "--at", "13:45"),
         {"kind": "make_up", "session": "9", "date": "2027-03-11", "start": "13:45"}),
        (("move", "r1", "5", "2027-02-11"), {"kind": "move", "session": "5", "date": "2027-02-11"}),
        (("move-on", "r1", "5", "2027-02-11"), {"kind": "move_on", "session": "5", "date": "2027-02-11"}),
        (("move-run", "r1", "2027-03-01"), {"kind": "move_run", "start": "2027-03-01"}),
        (("change-slot", "r1", "--weekday", "thu", "--from", "5"),
         {"kind": "change_slot", "weekday": "thu", "from": "5"}),
        (("swap", "r1", "2", "--out", "a", "--in", "l"),
         {"kind": "swap", "sessions": ["2"], "out": "a", "into": "l"}),
        (("swap", "r1", "--out", "a"), {"kind": "swap", "sessions": [], "out": "a"}),
    ],
)  # fmt: skip
def test_each_command_asks_for_its_change(gateway, keytalk, words, change):
    gateway.will_answer(PREVIEW, DIFF)

    assert keytalk("runs", *words, "--yes").exit_code == 0

    assert asked_of(gateway, PREVIEW)[0]["change"] == change
    assert done_for_good(gateway, APPLY)[0]["change"] == change


@pytest.mark.parametrize(
    "words",
    [("move", "r1", "5", "soon"), ("make-up", "r1", "5", "2027-02-11", "--at", "noon"), ("cascade", "r1", "9")],
)
def test_what_is_not_understood_is_refused_before_anything_is_asked(gateway, keytalk, words):
    assert keytalk("runs", *words).exit_code == 2
    assert gateway.asked == []


def test_a_change_is_taken_back_on_what_was_shown(gateway, keytalk):
    gateway.will_answer("scheduling.preview_reversal", {"runs": [DIFF], "basis": "b"})

    assert keytalk("runs", "reverse", "c1", "--yes").exit_code == 0

    [asked] = done_for_good(gateway, "scheduling.reverse_change")
    assert (asked["change"], asked["basis"]) == ("c1", "b")


def test_closing_a_prison_lists_what_is_hit_with_the_remedies(gateway, keytalk):
    choices = [
        {"remedy": "cascade", "date": "2027-03-16", "last": "2027-05-04", "why_not": None},
        {"remedy": "make_up", "date": None, "last": None, "why_not": "No open day."},
        {"remedy": "drop", "date": None, "last": "2027-04-27", "why_not": None},
    ]
    hit = {**HIT, "remedies": choices}
    gateway.will_answer("scheduling.preview_closure", {"sessions": [hit], "runs": [DIFF], "basis": "b"})

    done = keytalk(
        "establishments", "block", "RSI", "2027-03-09", "--reason", "lockdown", "--for", "s9=make-up", "--yes"
    )

    assert done.exit_code == 0
    assert "session 9 of KT-7F3K-92 (confirmed)" in done.output
    assert "Cascade: held on Tue 16 Mar 2027, the run ends on Tue  4 May 2027" in done.output
    assert "Make-up: not possible. No open day." in done.output
    assert "keytalk runs reverse g1" in done.output
    [asked] = done_for_good(gateway, "scheduling.close_establishment")
    assert (asked["remedies"], asked["basis"], asked["reason"]) == ({"s9": "make-up"}, "b", "lockdown")


def test_closing_a_prison_where_nothing_is_planned_says_so(gateway, keytalk):
    gateway.will_answer("scheduling.preview_closure", {"sessions": [], "runs": [], "basis": "b"})

    done = keytalk("establishments", "block", "RSI", "2027-03-09", "--reason", "lockdown", "--dry-run")

    assert "No session is planned on these dates." in done.output
    assert done_for_good(gateway, "scheduling.close_establishment") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--charge", "--charge-reason", "told_later"), "Decided by you: all of it is charged, £250.00 (told later)."),
        (("--no-charge", "--charge-reason", "goodwill"), "Decided by you: nothing is charged (goodwill)."),
    ],
)
def test_what_is_decided_on_charging_is_shown_with_its_sum(gateway, keytalk, words, said):
    gateway.will_answer(PREVIEW, DIFF)

    assert said in keytalk(*CASCADE, *words, "--dry-run").stdout.splitlines()
    assert "Decided" not in keytalk(*CASCADE, "--dry-run").stdout


def test_a_sum_that_nobody_knows_is_not_made_up(gateway, keytalk):
    gateway.will_answer(PREVIEW, {**DIFF, "cancelled": [{**DIFF["cancelled"][0], "pence": None}]})

    assert "a price that depends on" in keytalk(*CASCADE, "--charge", "--dry-run").stdout


def test_what_is_decided_on_charging_for_a_closure_is_shown(gateway, keytalk):
    gateway.will_answer("scheduling.preview_closure", {"sessions": [HIT], "runs": [DIFF], "basis": "b"})

    shown = keytalk("establishments", "block", "RSI", "2027-03-09", "--reason", "lockdown", "--charge", "--dry-run")

    assert "Decided by you: all of it is charged, £250.00." in shown.stdout


def test_after_a_change_it_is_said_when_mails_go_out_and_only_where_there_are_any(gateway, keytalk):
    nobody = {"facilitators": [], "contact_of": None, "ops": False}
    gateway.will_answer(PREVIEW, DIFF, {**DIFF, "told": nobody})

    assert "in office hours" in keytalk(*CASCADE, "--yes").stderr
    assert "in office hours" not in keytalk(*CASCADE, "--yes").stderr
