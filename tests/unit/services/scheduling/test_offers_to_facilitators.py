"""Coming off sessions, and offers to lead them: made, answered, overtaken, lapsed; on both databases."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import update

from services.scheduling.domain.changes import Cancel, Move, Swap
from services.scheduling.domain.commands import MakeOffer
from services.scheduling.handlers import changing, cover_needed, erasing, reversing, settling_offers
from services.scheduling.handlers import offers as making
from services.scheduling.handlers.cover_needed import LOOK_FOR_COVER
from services.scheduling.handlers.settling_offers import LAPSE_OFFERS
from services.scheduling.queries import offers as queries
from services.scheduling.tables import facilitators, messaging, offers, sessions
from shared.contracts.scheduling import OfferMade, OfferSettled, RunChanged, TaskNeeded
from shared.errors import Refused
from tests.unit.services.scheduling.cover_cast import (
    REFERENCE,
    RUN_ID,
    SECOND,
    TUESDAYS,
    Risley,
    new_database,
    session_id,
)
from tests.unit.services.scheduling.meeting import meeting

TEN = "2027-01-19T10:00:00+00:00"


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
def risley(request):
    return Risley(request.getfixturevalue(f"{request.param}_database"))


@pytest.fixture
def on_postgres(postgres_database):
    return Risley(postgres_database)


def states(risley) -> dict[str, str]:
    names = {id_: who for who, id_ in risley.ids.items()}
    return {names[row.facilitator_id]: row.state for row in risley.rows(offers)}


def change(risley, what) -> None:
    with risley.store.work() as work:
        changing.apply(work, RUN_ID, what, basis=None, actor="Priya", accept_breaches=True)


# Coming off


def test_whoever_withdraws_comes_off_that_session_alone(risley):
    risley.withdraw("ana")

    assert risley.leads(2) == {"tom"}
    assert all(risley.leads(number) == {"tom", "ana"} for number in range(1, 17) if number != 2)
    assert risley.run().facilitator_ids == (risley.ids["tom"], risley.ids["ana"])


def test_ops_gets_one_task_with_the_last_moment_and_what_to_do_without_cover(risley):
    risley.withdraw("ana")

    [task] = risley.told(TaskNeeded)
    assert (task.kind, task.reference, task.due_on) == ("cover_needed", REFERENCE, dt.date(2027, 1, 19))
    assert task.title == (
        "Find cover for session 2 on 19 January 2027 at Risley (HMP) by 10:00 on 19 January 2027; without it, "
        "cancel as facilitator_unavailable (party provider, not chargeable)"
    )


def test_coming_off_several_sessions_is_one_change_and_one_task(risley):
    those = [session_id(number) for number in range(11, 17)]

    risley.withdraw("ana", *those)

    [task] = risley.told(TaskNeeded)
    [event] = risley.told(RunChanged)
    assert "sessions 11 to 16 at Risley (HMP) by 10:00 on 23 March 2027" in task.title
    assert set(event.changed_ids) == set(those)
    looked_at = [job for job in risley.rows(messaging.jobs) if job.kind == LOOK_FOR_COVER]
    assert len(looked_at) == 6


def test_whoever_does_not_lead_a_session_cannot_come_off_it(risley):
    with pytest.raises(Refused, match="do not lead session 2") as refused:
        risley.withdraw("lee")
    assert refused.value.code == "refused"


def test_nobody_comes_off_a_session_that_has_begun(risley):
    with pytest.raises(Refused, match="Session 1 has begun"):
        risley.withdraw("ana", session_id(1))


def test_after_withdrawing_the_list_has_who_can_and_why_the_others_cannot(risley):
    risley.withdraw("ana")
    found = risley.cover()

    assert (found["lacks"], found["answer_by"]) == (1, TEN)
    assert [each["name"] for each in found["can"]] == ["Lee Whitfield", "Max Bell"]
    assert {each["name"]: [reason["rule"] for reason in each["reasons"]] for each in found["cannot"]} == {
        "Tom Okafor": ["on_it"],
        "Ana Reyes": ["came_off"],
        "Kim Noor": ["H3"],
    }


def test_at_the_last_moment_a_session_without_cover_is_to_be_cancelled(risley):
    risley.withdraw("ana")

    cover_needed.look_for_cover(risley.at("2027-01-19T09:59:00+00:00").store, [SECOND])
    assert len(risley.told(TaskNeeded)) == 1
    for _again in range(2):
        cover_needed.look_for_cover(risley.at(TEN).store, [SECOND])

    found, *missing = risley.told(TaskNeeded)
    assert found.kind == "cover_needed"
    assert {(task.kind, task.due_on) for task in missing} == {("cover_not_found", dt.date(2027, 1, 19))}
    assert len({task.key for task in missing}) == 1
    assert (
        "tell the prison, then cancel as facilitator_unavailable (party provider, not chargeable)" in missing[0].title
    )


def test_a_session_that_found_cover_is_left_in_peace(risley):
    risley.withdraw("ana")
    risley.accept(risley.offer("lee"))

    cover_needed.look_for_cover(risley.at(TEN).store, [SECOND])

    assert [task.kind for task in risley.told(TaskNeeded)] == ["cover_needed"]


# Offers are made


def test_an_offer_is_open_until_ten_for_a_session_at_a_quarter_to_two(risley):
    risley.withdraw("ana")
    offer = risley.offer("lee")

    [event] = risley.told(OfferMade)
    assert (event.offer_id, event.facilitator_id, event.kind) == (offer, risley.ids["lee"], "cover")
    assert (event.first_date, event.session_count) == (TUESDAYS[1], 1)
    assert event.answer_by.isoformat() == TEN
    [job] = [job for job in risley.rows(messaging.jobs) if job.kind == LAPSE_OFFERS]
    assert (job.subject, job.due_at.isoformat()) == (str(offer), TEN)


def test_whoever_could_not_take_it_now_is_not_asked_and_every_reason_is_said(risley):
    risley.withdraw("ana")
    with pytest.raises(Refused) as refused:
        risley.offer("kim")

    assert refused.value.code == "refused"
    [reason] = refused.value.fields["facilitator"]
    assert reason.startswith("Session 2 on 19 January 2027: Kim Noor has no clearance on file for Risley (HMP)")
    assert risley.rows(offers) == []


def test_a_session_that_has_everybody_needs_nobody(risley):
    with pytest.raises(Refused, match="Session 2 has everybody it needs"):
        risley.offer("lee", instead_of=None)


def test_nobody_is_asked_twice_for_the_same(risley):
    risley.withdraw("ana")
    risley.offer("lee")
    with pytest.raises(Refused, match="They are asked already") as refused:
        risley.offer("lee")
    assert refused.value.code == "conflict"


def test_after_the_last_moment_nobody_is_asked_by_letter(risley):
    risley.withdraw("ana")
    with pytest.raises(Refused, match="no time left to ask by letter"):
        risley.at(TEN).offer("lee")
    assert risley.rows(offers) == []


def test_sessions_nobody_knows_and_those_of_two_runs_are_refused(risley):
    with risley.store.work() as work:
        others = tuple(each + dt.timedelta(days=1) for each in TUESDAYS)
        risley.add_run(work, UUID(int=901), "KT-QQQQ-22", others, ("tom", "ana"), first_id=9101)
    with pytest.raises(Refused, match="no session") as unknown:
        risley.offer("lee", UUID(int=1))
    with pytest.raises(Refused, match="more than one run") as two:
        risley.offer("lee", SECOND, UUID(int=9101))
    assert (unknown.value.code, two.value.code) == ("not_found", "invalid")


# Offers are answered


def test_a_yes_puts_them_on_the_session_and_all_else_stays(risley):
    risley.withdraw("ana")
    risley.accept(risley.offer("lee"))

    assert risley.leads(2) == {"tom", "lee"}
    assert all(risley.leads(number) == {"tom", "ana"} for number in range(1, 17) if number != 2)
    assert [event.state for event in risley.told(OfferSettled)] == ["accepted"]
    came_off, came_on = risley.told(RunChanged)
    assert (came_off.kind, came_on.kind, came_on.changed_ids) == ("swap", "swap", (SECOND,))


def test_a_yes_in_the_place_of_somebody_who_leads_it_still_takes_that_one_off(risley):
    risley.accept(risley.offer("lee", SECOND, session_id(3)))

    assert risley.leads(2) == risley.leads(3) == {"tom", "lee"}
    assert risley.leads(4) == {"tom", "ana"}
    assert len(risley.told(RunChanged)) == 1


def test_a_yes_in_the_place_of_somebody_who_came_off_one_session_only_fills_both(risley):
    risley.withdraw("ana")
    risley.accept(risley.offer("lee", SECOND, session_id(3)))

    assert risley.leads(2) == risley.leads(3) == {"tom", "lee"}


@pytest.mark.parametrize("first", ["delivered", "planned"], ids=["recorded", "not recorded yet"])
def test_a_yes_to_the_regular_place_on_all_that_is_to_come_changes_the_team(risley, first):
    to_come = [session_id(number) for number in range(2, 17)]
    # The first was a week ago, and was held.
    with risley.store.work() as work:
        work.connection.execute(update(sessions).where(sessions.c.id == session_id(1)).values(state=first))

    risley.accept(risley.offer("lee", *to_come, role="regular"))

    assert set(risley.run().facilitator_ids) == {risley.ids["tom"], risley.ids["lee"]}
    assert risley.leads(1) == {"tom", "ana"}
    assert risley.leads(16) == {"tom", "lee"}


def test_others_who_were_asked_for_the_same_hear_that_it_is_covered(risley):
    risley.withdraw("ana")
    lee, other = risley.offer("lee"), risley.offer("max")
    risley.accept(lee)

    assert states(risley) == {"lee": "accepted", "max": "withdrawn"}
    assert [(event.offer_id, event.state) for event in risley.told(OfferSettled)] == [
        (lee, "accepted"),
        (other, "withdrawn"),
    ]
    with pytest.raises(Refused, match="covered already") as refused:
        risley.accept(other)
    assert refused.value.code == "conflict"


def test_where_two_are_missing_one_yes_leaves_the_other_offer_open(risley):
    risley.withdraw("ana")
    risley.withdraw("tom")
    lee, _other = risley.offer("lee"), risley.offer("max", instead_of="tom")
    risley.accept(lee)

    assert states(risley) == {"lee": "accepted", "max": "open"}


def test_saying_yes_twice_is_saying_it_once(risley):
    risley.withdraw("ana")
    offer = risley.offer("lee")
    for _again in range(2):
        risley.accept(offer)

    assert len(risley.told(OfferSettled)) == 1
    assert len(risley.told(RunChanged)) == 2


def test_a_rule_that_speaks_against_it_by_now_refuses_the_yes_and_nothing_is_changed(risley):
    risley.withdraw("ana")
    offer = risley.offer("lee")
    with risley.store.work() as work:
        work.connection.execute(
            update(facilitators).where(facilitators.c.id == risley.ids["lee"]).values(state="resting")
        )
    with pytest.raises(Refused, match="cannot be taken") as refused:
        risley.accept(offer)

    assert refused.value.code == "refused"
    assert risley.leads(2) == {"tom"}
    assert states(risley) == {"lee": "open"}


def test_a_no_closes_it_without_a_reason_and_twice_is_once(risley):
    risley.withdraw("ana")
    offer = risley.offer("lee")
    for _again in range(2):
        risley.decline(offer)

    assert [event.state for event in risley.told(OfferSettled)] == ["declined"]
    assert risley.leads(2) == {"tom"}
    with pytest.raises(Refused, match="You have said no"):
        risley.accept(offer)


def test_a_no_after_a_yes_is_refused(risley):
    risley.withdraw("ana")
    offer = risley.offer("lee")
    risley.accept(offer)

    with pytest.raises(Refused, match="You have said yes"):
        risley.decline(offer)
    assert risley.leads(2) == {"tom", "lee"}


def test_ops_takes_an_open_offer_back_and_no_other(risley):
    risley.withdraw("ana")
    offer = risley.offer("lee")
    risley.take_back(offer)

    assert states(risley) == {"lee": "withdrawn"}
    with pytest.raises(Refused, match="withdrawn already"):
        risley.take_back(offer)
    assert len(risley.told(OfferSettled)) == 1


# Offers come to an end by themselves


def test_an_offer_nobody_answers_lapses_at_its_last_moment(risley):
    risley.withdraw("ana")
    offer = risley.offer("lee")

    settling_offers.lapse_offers(risley.at("2027-01-19T09:59:59+00:00").store, [offer])
    assert states(risley) == {"lee": "open"}
    for _again in range(2):
        settling_offers.lapse_offers(risley.at(TEN).store, [offer])

    assert [event.state for event in risley.told(OfferSettled)] == ["lapsed"]
    with pytest.raises(Refused, match="time to answer is over"):
        risley.at(TEN).accept(offer)


def test_a_yes_after_the_last_moment_is_too_late_even_before_the_clock_has_struck(risley):
    risley.withdraw("ana")
    offer = risley.offer("lee")

    with pytest.raises(Refused, match="time to answer is over"):
        risley.at(TEN).accept(offer)
    assert risley.leads(2) == {"tom"}


@pytest.mark.parametrize(
    "what",
    [
        Cancel((SECOND,), cause="lockdown_or_incident", party="prison"),
        Move(SECOND, dt.date(2027, 1, 20)),
        Swap((SECOND,), out=None, into=UUID(int=0)),
    ],
    ids=["cancelled", "moved", "covered by hand"],
)
def test_an_offer_is_withdrawn_when_its_session_is(risley, what):
    risley.withdraw("ana")
    risley.offer("lee")
    change(risley, replace(what, into=risley.ids["max"]) if isinstance(what, Swap) else what)

    assert states(risley) == {"lee": "withdrawn"}
    assert [event.state for event in risley.told(OfferSettled)] == ["withdrawn"]


def test_an_offer_stays_open_when_another_session_is_changed(risley):
    risley.withdraw("ana")
    risley.offer("lee")
    change(risley, Cancel((session_id(9),), cause="lockdown_or_incident", party="prison"))

    assert states(risley) == {"lee": "open"}


# Two at once


def test_of_two_who_say_yes_at_once_exactly_one_wins_and_the_other_hears_kindly(on_postgres):
    on_postgres.withdraw("ana")
    both = [on_postgres.offer("lee"), on_postgres.offer("max")]
    together = Barrier(2)

    def say_yes(offer: UUID) -> str:
        together.wait()
        try:
            on_postgres.accept(offer)
        except Refused as refused:
            return refused.detail
        return "yes"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(say_yes, both))

    assert answers[1] == "yes"
    assert "covered already" in answers[0]
    assert sorted(states(on_postgres).values()) == ["accepted", "withdrawn"]
    assert len(on_postgres.leads(2)) == 2
    assert len(on_postgres.told(RunChanged)) == 2


def test_one_person_cannot_say_yes_to_two_places_at_once(on_postgres):
    with on_postgres.store.work() as work:
        others = UUID(int=902)
        on_postgres.add_run(work, others, "KT-QQQQ-22", TUESDAYS[1:], ("kim",), first_id=9201)
    on_postgres.withdraw("ana")
    both = [on_postgres.offer("lee"), on_postgres.offer("lee", UUID(int=9201), instead_of=None)]
    together = Barrier(2)

    def say_yes(offer: UUID) -> str:
        together.wait()
        try:
            on_postgres.accept(offer)
        except Refused as refused:
            return refused.code
        return "yes"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(say_yes, both))

    assert answers[1] == "yes"
    assert answers[0] in {"refused", "conflict"}
    led = [on_postgres.leads(2), {*on_postgres.run(others).live[0].facilitator_ids}]
    assert ("lee" in led[0]) != (on_postgres.ids["lee"] in led[1])


def test_whoever_comes_back_by_a_reversal_can_be_asked_again(risley):
    change_id = risley.withdraw("ana")
    with risley.store.work() as work:
        reversing.reverse_change(work, change_id, basis=None, actor="Priya", accept_breaches=True)
    assert risley.leads(2) == {"tom", "ana"}

    risley.withdraw("tom")
    assert {each["name"]: each["reasons"][0]["rule"] for each in risley.cover()["cannot"]} == {
        "Tom Okafor": "came_off",
        "Ana Reyes": "on_it",
        "Kim Noor": "H3",
    }


def test_nothing_of_why_somebody_came_off_is_stored_anywhere(risley):
    risley.withdraw("ana")
    stored = risley.everything_stored().lower()

    assert "ana reyes" in stored
    assert not [word for word in ("sick", "ill", "health", "absence") if f" {word}" in stored or f"'{word}" in stored]


# Read by operators


def test_offers_are_listed_the_newest_first_by_run_session_and_state(risley):
    risley.withdraw("ana", SECOND, session_id(3))
    first = risley.offer("lee")
    second = risley.at("2027-01-18T17:00:00+00:00").offer("max", session_id(3))
    risley.decline(first)

    def listed(**chosen):
        with risley.store.database.reading() as connection:
            return [UUID(row["offer"]) for row in queries.list_offers(connection, limit=10, **chosen)]

    assert listed() == [second, first]
    assert listed(session_id=SECOND) == [first]
    assert listed(session_id=UUID(int=1)) == []
    assert listed(run_id=RUN_ID, state="open") == [second]


def test_the_letter_says_where_when_with_whom_and_until_when(risley):
    risley.withdraw("ana")
    offer = risley.offer("lee")
    with risley.store.database.reading() as connection:
        letter = queries.get_letter(connection, offer)

    assert letter["facilitator"]["name"] == "Lee Whitfield"
    assert letter["establishment"] == {"id": "RSI", "name": "Risley (HMP)", "town": "Warrington"}
    [session] = letter["sessions"]
    assert (session["date"], session["start"], session["end"]) == ("2027-01-19", "13:45", "16:45")
    assert (session["arrive_by"], session["with"]) == ("12:45", ["Tom Okafor"])
    assert letter["answer_by"] == TEN


def test_nobody_who_is_being_erased_is_asked(on_postgres):
    on_postgres.withdraw("ana")
    lee = on_postgres.ids["lee"]
    asked = MakeOffer((SECOND,), lee, "cover", on_postgres.ids["ana"])

    refused = meeting(
        on_postgres.store,
        lambda work: erasing.erase_facilitator(work, lee),
        lambda work: making.make_offer(work, asked, actor="Priya"),
    )

    assert refused is not None
    assert on_postgres.rows(offers) == []
