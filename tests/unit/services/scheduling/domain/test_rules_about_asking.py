"""What was asked for and agreed, what has to be in hand, and what is history: rules H2 remote, H9 to H16."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest
from scheduling_cast import MANY_FACES, RISLEY, UNLOCKING, facts, hours, run, session

from services.scheduling.domain.establishments import KitApproval
from services.scheduling.domain.facts import Override
from services.scheduling.domain.planner import kept_open, review
from services.scheduling.domain.rules import breaches_of, breaches_of_run, readiness_of, session_may_change

WORKSHOP = replace(UNLOCKING, kind="workshop", cadence="weekly", minutes=120, modes=("in_person", "remote"))
MORNING = session("2027-01-12", "09:00", "11:00")


def broken(known, one=MORNING):
    return [(each.rule, each.name) for each in breaches_of(one, known)]


def remote(**changes):
    return replace(facts(programme=WORKSHOP), mode="remote", **changes)


# H9


@pytest.mark.parametrize(
    ("size", "rules"),
    [
        (None, []),
        (7, [("H9", "group_is_large_enough")]),
        (8, []),
        (16, []),
        (17, [("H9", "group_is_not_too_large")]),
    ],
)
def test_a_group_has_as_many_people_as_its_programme_says(size, rules):
    assert broken(replace(facts(programme=WORKSHOP), group_size=size)) == rules


def test_a_group_one_short_says_how_many_are_missing():
    (breach,) = breaches_of(MORNING, replace(facts(programme=WORKSHOP), group_size=7))

    assert breach.why == (
        "The group on 12 January 2027 has 7 and Unlocking the Key to Compassion asks for 8 or more. 1 more, or running "
        "it smaller by name and with a reason, would mend it."
    )


# H10


def test_a_catch_up_may_come_after_the_sessions_it_was_left_out_of():
    one = run(
        session("2027-01-12", number=1),
        replace(session("2027-02-02", number=2), kind="make_up"),
        session("2027-01-26", number=3),
    )

    assert not any(review(one, facts()).values())


def test_a_catch_up_in_between_hides_no_session_that_is_out_of_order():
    one = run(
        session("2027-01-12", number=1),
        replace(session("2027-02-02", number=2), kind="make_up"),
        session("2027-01-05", number=3),
    )

    assert {n: [each.rule for each in found] for n, found in review(one, facts()).items()} == {1: [], 2: [], 3: ["H10"]}


def test_a_catch_up_on_the_day_of_another_session_is_a_breach_of_both():
    one = run(session("2027-01-12", number=1), replace(session("2027-01-12", number=2), kind="make_up"))

    assert {n: [each.name for each in found] for n, found in review(one, facts()).items()} == {
        1: ["one_session_a_day"],
        2: ["one_session_a_day"],
    }


# H11


@pytest.mark.parametrize(("now", "stays"), [("2027-01-12T13:44:59+00:00", False), ("2027-01-12T13:45:00+00:00", True)])
def test_a_session_that_has_begun_is_never_moved(now, stays):
    found = session_may_change(session(), dt.datetime.fromisoformat(now))

    assert (found is not None) == stays


@pytest.mark.parametrize("state", ["delivered", "part_delivered"])
def test_a_session_that_was_delivered_is_never_moved(state):
    before = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    found = session_may_change(replace(session(), state=state), before)

    assert found is not None
    assert (found.rule, "what was held is never moved" in found.why) == ("H11", True)


def test_in_summer_a_session_begins_an_hour_earlier_in_utc():
    summer = session("2027-04-06")

    assert session_may_change(summer, dt.datetime(2027, 4, 6, 12, 44, tzinfo=dt.UTC)) is None
    assert session_may_change(summer, dt.datetime(2027, 4, 6, 12, 45, tzinfo=dt.UTC)) is not None


# H12


def test_a_run_needs_its_agreement_until_it_is_confirmed():
    asked = replace(facts(), is_won=False)

    assert [each.rule for each in breaches_of_run(run(session()), asked)] == ["H12"]
    assert breaches_of_run(run(session()), facts()) == ()
    assert breaches_of_run(run(session(), state="confirmed"), asked) == ()


# H13, H14


def test_before_entry_an_approved_memo_covers_the_session():
    bare = replace(facts(), programme=replace(MANY_FACES, kit=()))

    assert [each.rule for each in readiness_of(session(), bare)] == ["H13"]
    assert readiness_of(session(), replace(bare, memo_approved=frozenset({session().id}))) == ()


@pytest.mark.parametrize(
    ("approval", "said"),
    [
        (None, "has not been asked about workbooks"),
        (KitApproval("workbooks", "requested"), "has not answered"),
        (KitApproval("workbooks", "refused"), "does not allow workbooks"),
        (KitApproval("workbooks", "approved", dt.date(2027, 1, 11)), "until 11 January 2027, before the session on 12"),
        (KitApproval("workbooks", "approved", dt.date(2027, 1, 12)), None),
        (KitApproval("workbooks", "approved"), None),
    ],
)
def test_each_item_of_kit_is_approved_on_the_day(approval, said):
    known = replace(
        facts(programme=UNLOCKING),
        memo_approved=frozenset({session().id}),
        kit_approvals={"workbooks": approval} if approval else {},
    )
    found = readiness_of(session(), known)

    assert [each.rule for each in found] == (["H14"] if said else [])
    assert all(said in each.why for each in found)


def test_kit_that_a_run_does_without_needs_no_approval():
    known = replace(facts(programme=UNLOCKING), memo_approved=frozenset({session().id}))

    assert readiness_of(session(), replace(known, left_out_kit=frozenset({"workbooks"}))) == ()


def test_papers_are_not_put_when_a_run_is_confirmed():
    assert review(run(session()), facts()) == {1: ()}
    assert [each.rule for each in readiness_of(session(), facts())] == ["H13", "H14", "H14", "H14"]


# H15, H16


def test_a_place_for_people_under_18_waits_for_its_approval():
    young = replace(RISLEY, under_18=True)

    assert broken(facts(programme=WORKSHOP, establishment=young)) == [("H15", "under_18_is_approved")]
    assert broken(facts(programme=WORKSHOP, establishment=replace(young, under_18_approved=True))) == []


def test_only_practitioners_meet_on_screens():
    group = replace(MANY_FACES, modes=("in_person", "remote"))

    assert broken(replace(facts(programme=group), mode="remote")) == [("H16", "remote_is_for_practitioners")]
    assert broken(remote()) == []
    assert broken(replace(remote(), programme=replace(WORKSHOP, kind="staff-training"))) == []


@pytest.mark.parametrize(("mode", "modes"), [("remote", ("in_person",)), ("in_person", ("remote",))])
def test_a_programme_is_held_in_a_way_that_it_has(mode, modes):
    known = replace(facts(programme=replace(WORKSHOP, modes=modes)), mode=mode)

    assert broken(known) == [("H16", "programme_has_the_mode")]


# What does not apply to a remote session, and what does


def test_a_remote_session_keeps_no_window_blackout_clearance_or_papers():
    in_the_closure = session("2026-12-22", "18:00", "20:00")
    known = remote(clearances=())

    assert broken(known, in_the_closure) == []
    assert readiness_of(in_the_closure, known) == ()
    assert [rule for rule, _ in broken(replace(known, mode="in_person"), in_the_closure)] == ["H1", "H2", "H3", "H3"]


def test_a_remote_session_keeps_bank_holidays_and_needs_its_facilitators():
    known = remote(clearances=())

    assert broken(known, session("2026-12-28", "10:00", "12:00")) == [("H2", "date_is_open")]
    assert broken(known, session("2027-01-12", "10:00", "12:00", people=())) == [("H4", "enough_facilitators")]


# Kept open


def decided(rule, session_id=None):
    return Override(rule, session_id, "The governor agreed by letter.", "Priya")


def test_a_rule_kept_open_for_one_session_stands_for_the_others():
    one = run(session("2027-03-29", number=1), session("2027-05-03", number=2))
    known = replace(facts(), overrides=(decided("H2", one.sessions[0].id),))

    assert {n: [each.rule for each in found] for n, found in review(one, known).items()} == {1: [], 2: ["H2"]}
    assert [(each.rule, by.actor) for each, by in kept_open(one, known)[1]] == [("H2", "Priya")]
    assert kept_open(one, known)[2] == ()


def test_a_rule_kept_open_for_the_run_is_open_for_every_session():
    short = facts(regime=hours(pm="13:45-16:30"))
    one = run(session(number=1), session("2027-01-19", number=2))

    assert not any(review(one, replace(short, overrides=(decided("H1"),))).values())


@pytest.mark.parametrize("rule", ["H3", "H4", "H6", "H10"])
def test_a_rule_that_is_not_to_be_waived_stands_whatever_somebody_wrote(rule):
    one = run(session(number=1, people=()))
    known = replace(facts(), overrides=(decided(rule), decided("H4")))

    assert [each.rule for each in review(one, known)[1]] == ["H4"]


def test_of_the_group_only_the_smallest_size_can_be_waived():
    training = replace(facts(programme=WORKSHOP), overrides=(decided("H9"),))
    one = run(MORNING)

    assert review(one, replace(training, group_size=7)) == {1: ()}
    assert [each.name for each in review(one, replace(training, group_size=17))[1]] == ["group_is_not_too_large"]


def test_a_decision_about_another_session_changes_nothing():
    known = replace(facts(), overrides=(decided("H2", UUID(int=404)),))

    assert [each.rule for each in review(run(session("2027-03-29")), known)[1]] == ["H2"]
