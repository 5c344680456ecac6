"""Rules that somebody decides not to keep: put down, opened, taken back, on both stores; and how a run is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from marshmallow import ValidationError
from sqlalchemy import select

from services.scheduling.domain.commands import OverrideRule, PlanRun
from services.scheduling.handlers import hearing, planning
from services.scheduling.handlers.overriding import override_rule, withdraw_override
from services.scheduling.override_schemas import OverrideSchema
from services.scheduling.queries.runs import get_run
from services.scheduling.tables import overrides
from shared.contracts.enquiries import PersonErased
from shared.errors import Refused
from shared.persistence.work import new_id
from tests.unit.services.scheduling.hold_cast import confirm, draft, emptied, new_database, pair, state_of, won

WHY = "The governor agreed by letter on 2 December."


@pytest.fixture(scope="module")
def postgres_database(request, tmp_path_factory):
    database = new_database("postgres", tmp_path_factory.mktemp("store"), request)
    yield database
    database.close()


@pytest.fixture(scope="module")
def sqlite_database(request, tmp_path_factory):
    database = new_database("sqlite", tmp_path_factory.mktemp("store"), request)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request):
    return emptied(request.getfixturevalue(f"{request.param}_database"))


def keep_open(store, run, rule, session=None, reason=WHY):
    with store.work() as work:
        return override_rule(work, run, OverrideRule(rule, session, reason), actor="Priya")


def shown(store, run, now=None):
    with store.database.reading() as connection:
        return get_run(connection, run, now)


def refused(code, act, *arguments):
    with pytest.raises(Refused) as found:
        act(*arguments)
    assert found.value.code == code
    return found.value


@pytest.fixture
def too_long(store):
    """A draft whose afternoons, of 165 minutes, are too short for it: rule H1 breaks on each of its sessions."""
    return draft(store, "KT-1", "FSI", pair(store), window="pm")


def test_a_rule_kept_open_for_the_run_no_longer_stands_in_the_way(store, too_long):
    refused("refused", confirm, store, too_long)

    keep_open(store, too_long, "H1")
    confirm(store, too_long)

    assert state_of(store, too_long) == "confirmed"
    run = shown(store, too_long)
    assert all(each["breaches"] == [] for each in run["sessions"])
    assert {(kept["rule"], kept["by"], kept["reason"]) for each in run["sessions"] for kept in each["kept_open"]} == {
        ("H1", "Priya", WHY)
    }
    assert [(each["rule"], each["number"], each["by"], each["reason"]) for each in run["overrides"]] == [
        ("H1", None, "Priya", WHY)
    ]


def test_a_rule_kept_open_for_one_session_stands_for_the_others(store, too_long):
    third = shown(store, too_long)["sessions"][2]["id"]

    keep_open(store, too_long, "H1", session=UUID(third))

    run = shown(store, too_long)
    assert [each["number"] for each in run["sessions"] if not each["breaches"]] == [3]
    assert run["overrides"][0]["number"] == 3
    refused("refused", confirm, store, too_long)


def test_whoever_thinks_better_of_it_puts_the_rule_again(store, too_long):
    decision = keep_open(store, too_long, "H1")

    with store.work() as work:
        assert withdraw_override(work, decision) == too_long

    assert all(each["breaches"] for each in shown(store, too_long)["sessions"])
    with store.work() as work:
        refused("not_found", withdraw_override, work, decision)


def test_a_second_decision_about_the_same_rule_names_the_first(store, too_long):
    keep_open(store, too_long, "H1")
    first = UUID(shown(store, too_long)["sessions"][0]["id"])

    assert "by Priya already" in refused("conflict", keep_open, store, too_long, "H1").detail
    refused("conflict", keep_open, store, too_long, "H1", first)


def test_the_agreement_and_the_group_are_the_runs_and_no_sessions(store, too_long):
    first = UUID(shown(store, too_long)["sessions"][0]["id"])

    for rule in ("H9", "H12"):
        assert list(refused("invalid", keep_open, store, too_long, rule, first).fields) == ["session"]
    refused("not_found", keep_open, store, too_long, "H1", new_id())


def test_written_authority_stands_in_for_the_signature(store):
    run = draft(store, "KT-1", "FSI", pair(store))
    asked = {**won("KT-1", "FSI"), "stage": "agreement"}

    def confirm_it():
        with store.work() as work:
            planning.confirm_run(work, run, asked, actor="Priya")

    assert "or, with written authority, keep H12 open" in refused("refused", confirm_it).detail
    assert [each["rule"] for each in shown(store, run)["breaches"]] == ["H12"]

    keep_open(store, run, "H12")
    assert shown(store, run)["breaches"] == []
    confirm_it()

    assert state_of(store, run) == "confirmed"


def test_a_draft_planned_anew_keeps_what_was_decided_for_the_run_only(store, too_long):
    first = UUID(shown(store, too_long)["sessions"][0]["id"])
    keep_open(store, too_long, "H2", first)
    keep_open(store, too_long, "H12")

    with store.work() as work:
        planning.plan_run(work, won("KT-1", "FSI"), replace(_plan(), window="am"))

    assert [each["rule"] for each in shown(store, too_long)["overrides"]] == ["H12"]


def _plan():
    return PlanRun(date(2027, 3, 2), "tue", "pm")


def test_nothing_of_it_is_left_when_it_is_refused(store, too_long):
    refused("not_found", keep_open, store, too_long, "H1", new_id())

    with store.database.reading() as connection:
        assert connection.execute(select(overrides)).all() == []


@pytest.mark.parametrize("rule", ["H3", "H4", "H6", "H13", "active", ""])
def test_other_rules_cannot_be_kept_open(rule):
    with pytest.raises(ValidationError, match=r"Only H1 \(the window\)"):
        OverrideSchema().load({"rule": rule, "reason": WHY})


@pytest.mark.parametrize(
    "reason", ["too short", " " * 20, "x" * 501, "agreed for A1234BC today", "a1234bc says so too"]
)
def test_a_reason_is_a_sentence_with_nobody_in_prison_in_it(reason):
    with pytest.raises(ValidationError):
        OverrideSchema().load({"rule": "H1", "reason": reason})


@pytest.mark.parametrize(
    "reason", ["ten letters", "x" * 500, "Agreed on 12 January 2027 by wing B2.", "llythyr gan y Llywodraethwr"]
)
def test_a_plain_reason_is_taken(reason):
    assert OverrideSchema().load({"rule": "H1", "reason": reason}).reason == reason


# What else is shown of a run


def test_a_run_tells_of_its_sessions_in_local_time_and_in_utc(store):
    run = shown(store, draft(store, "KT-1", "FSI", pair(store)))
    first, fifth = run["sessions"][0], run["sessions"][4]

    assert (run["mode"], run["group_size"], run["version"], run["zone"]) == ("in_person", 10, 1, "Europe/London")
    assert (first["date"], first["start"], first["starts_at"]) == ("2027-03-02", "08:30", "2027-03-02T08:30:00+00:00")
    # The clocks go forward on 28 March 2027.
    assert (fifth["date"], fifth["start"], fifth["starts_at"]) == ("2027-03-30", "08:30", "2027-03-30T07:30:00+00:00")
    assert (first["kind"], first["state"], first["revision"]) == ("planned", "planned", 0)
    assert {each["name"] for each in first["facilitators"]} == {"Tom", "Ana"}
    assert {each["code"] for each in run["warnings"]} >= {"slack", "insurance_on_file"}


def test_a_confirmed_run_says_what_is_missing_before_entry_and_only_for_what_is_ahead(store):
    run = draft(store, "KT-1", "FSI", pair(store))
    confirm(store, run)

    sessions = shown(store, run, datetime(2027, 3, 9, 8, 30, tzinfo=UTC))["sessions"]

    assert [each["readiness"] for each in sessions[:2]] == [[], []]
    assert [each["rule"] for each in sessions[2]["readiness"]] == ["H13", "H14", "H14", "H14"]


def test_a_run_is_not_planned_from_a_day_that_is_past(store):
    # It is 14 December 2026 here.
    with pytest.raises(Refused) as past:
        draft(store, "KT-1", "FSI", (), start=date(2026, 12, 13))

    assert past.value.fields == {
        "start": ["A run cannot begin on 13 December 2026, which is past. Give 14 December 2026 or a later date."]
    }
    assert draft(store, "KT-1", "FSI", (), start=date(2026, 12, 14))


def test_what_was_written_goes_when_whoever_asked_is_erased(store, too_long):
    other = draft(store, "KT-2", "OWI", (), window="pm")
    for run in (too_long, other):
        keep_open(store, run, "H1")

    with store.work() as work:
        hearing.when_person_erased(work, PersonErased(new_id(), ("KT-1",), ()))

    assert [each["reason"] for each in shown(store, too_long)["overrides"]] == [
        "Removed, since somebody asked for their data to be erased."
    ]
    assert [each["reason"] for each in shown(store, other)["overrides"]] == [WHY]


def test_a_start_at_the_end_of_the_calendar_is_refused_in_words(store):
    with pytest.raises(Refused, match="open dates"):
        draft(store, "KT-1", "FSI", (), start=date(9999, 12, 1))
