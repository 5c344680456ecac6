"""Proposals and agreements in both kinds of database: made, sent, accepted once, drawn to the limit, replaced."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.engine import URL, make_url

from services.enquiries import queries
from services.enquiries.commitment_schemas import parse_proposal
from services.enquiries.domain.agreements import How
from services.enquiries.domain.proposals import ProposalState
from services.enquiries.domain.timeline import Kind
from services.enquiries.handlers import agreements, history, proposals
from services.enquiries.handlers.intake import receive_enquiry
from services.enquiries.queries.commissioned import get_commissioned, refuse_others_proposal
from services.enquiries.tables import enquiries, messaging, organisations, signatures, timeline
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.migrations import migrate
from shared.persistence.work import Store

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SIAN = {"name": "Siân Ŵyn ap Ŷnyr", "role": "Pennaeth lleihau aildroseddu"}
PRIYA = {"name": "Priya Nair"}
ASKED = {
    "programme": "many-faces-of-trauma",
    "establishment": "Carchar Llŷn",
    "contact_name": "Siân Ŵyn",
    "contact_email": "sian@llyn.example",
}


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Office:
    """The service's rooms over one database, as an operator and a prison use them."""

    store: Store
    clock: Clock
    heard: int

    def enquiry(self, **changes: str) -> str:
        return receive_enquiry(self.store, ASKED | changes, idempotency_key=None, channel="form").reference

    def make(self, reference: str, **said) -> UUID:
        with self.store.work() as work:
            today = proposals.today(work)
            return proposals.make_proposal(work, reference, parse_proposal(said, today), actor="priya")

    def send(self, proposal_id: UUID) -> UUID:
        with self.store.work() as work:
            proposals.send_proposal(work, proposal_id, actor="priya")
        return proposal_id

    def sent(self, reference: str, **said) -> UUID:
        return self.send(self.make(reference, **said))

    def settle(self, proposal_id: UUID, to: ProposalState) -> None:
        with self.store.work() as work:
            proposals.settle_proposal(work, proposal_id, to, actor="priya", reason="They said so.")

    def accept(self, proposal_id: UUID, **who) -> UUID:
        with self.store.work() as work:
            return agreements.accept_proposal(work, proposal_id, SIAN | who, how=How.LINK)

    def stand(self, reference: str, stage: str) -> None:
        with self.store.work() as work:
            work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(stage=stage))
            history.write(work, reference, Kind.MOVED, actor="priya", now=stage)

    def sign(self, agreement_id: UUID) -> UUID:
        with self.store.work() as work:
            agreements.sign_agreement(work, agreement_id, PRIYA, how=How.CONSOLE, actor="priya")
        return agreement_id

    def signed(self, reference: str, **said) -> UUID:
        return self.sign(self.accept(self.sent(reference, **said)))

    def draw(self, agreement_id: UUID, units: int, about: str = "session 1") -> None:
        with self.store.work() as work:
            agreements.draw_down(work, agreement_id, units, about, actor="priya")

    def proposal(self, proposal_id: UUID) -> dict:
        with self.store.database.reading() as connection:
            return queries.get_proposal(connection, proposal_id)

    def agreement(self, agreement_id: UUID) -> dict:
        with self.store.database.reading() as connection:
            return queries.get_agreement(connection, agreement_id)

    def told(self) -> list[tuple[str, str | None]]:
        """Give the news that waits in the outbox: its type, and the outcome or step where it has one."""
        with self.store.database.reading() as connection:
            news = select(messaging.outbox).where(messaging.outbox.c.seq > self.heard)
            rows = connection.execute(news.order_by(messaging.outbox.c.seq)).all()
        data = [(row.type, json.loads(row.envelope)["data"]) for row in rows]
        return [(kind, said.get("outcome") or said.get("step")) for kind, said in data if kind != "enquiry_received"]

    def steps(self, reference: str) -> list[tuple[str, str | None, str | None]]:
        with self.store.database.reading() as connection:
            rows = connection.execute(
                select(timeline).where(timeline.c.reference == reference).order_by(timeline.c.id)
            ).all()
        return [(row.kind, row.was, row.now) for row in rows]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request, tmp_path_factory):
    if request.param == "sqlite":
        url = URL.create("sqlite", database=str(tmp_path_factory.mktemp("commitments") / "enquiries.sqlite3"))
    else:
        given = request.getfixturevalue("postgres").new_database("commitments")
        url = make_url(given).set(drivername="postgresql+psycopg")
    migrate("enquiries", url)
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def office(database):
    """An office that hears only of what happens in its own test."""
    clock = Clock()
    with database.reading() as connection:
        heard = connection.scalar(select(func.max(messaging.outbox.c.seq))) or 0
    return Office(Store(database, messaging, clock, "enquiries"), clock, heard)


def refused(act: Callable[[], object], code: str = "refused") -> str:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code == code
    return caught.value.detail


def all_at_once(*acts: Callable[[], object]) -> list[object]:
    """Do everything at the same time, and give what came of each: its result, or its refusal."""

    def outcome(act: Callable[[], object]) -> object:
        try:
            return act()
        except Refused as no:
            return no

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(outcome, acts))


def test_a_proposal_is_priced_from_the_catalogue_and_starts_as_a_draft(office):
    made = office.proposal(
        office.make(office.enquiry(), people=10, extra_lines=[{"what": "Travel", "quantity": 16, "unit_pence": 18_50}])
    )

    assert (made["state"], made["version"], made["total_pence"]) == ("draft", 1, 4_000_00 + 16 * 18_50)
    assert made["valid_until"] == "2026-12-24"
    assert "48 hours" in made["cancellation_terms"]
    assert office.told() == []


def test_a_new_version_takes_the_place_of_the_one_before_sent_or_not(office):
    reference = office.enquiry()
    draft = office.make(reference)
    first = office.sent(reference)
    second = office.make(reference, sessions=8)

    states = [office.proposal(each)["state"] for each in (draft, first, second)]
    assert states == ["superseded", "superseded", "draft"]
    assert office.proposal(second)["version"] == 3
    # Of a draft nobody has heard, so nobody is told of its end.
    assert office.told() == [("proposal_sent", None), ("proposal_settled", "superseded")]


def test_the_time_of_a_proposal_begins_when_it_is_sent(office):
    made = office.make(office.enquiry(), valid_days=10)
    office.clock.now += timedelta(days=5)

    office.send(made)

    assert office.proposal(made)["valid_until"] == "2026-12-09"
    assert "sent already" in refused(lambda: office.send(made))


def test_accepting_makes_the_agreement_and_it_stands_once_we_have_signed(office):
    reference = office.enquiry()
    begun = office.accept(office.sent(reference, sessions=12), purchase_order="PO-2027/114")

    waiting = office.agreement(begun)
    assert (waiting["state"], waiting["unit"], waiting["agreed_units"]) == ("awaiting_signature", "session", 12)
    assert waiting["purchase_order"] == "PO-2027/114"
    assert [(each["side"], each["name"], each["how"]) for each in waiting["signatures"]] == [
        ("prison", "Siân Ŵyn ap Ŷnyr", "link")
    ]

    office.sign(begun)
    office.sign(begun)

    assert office.agreement(begun)["state"] == "signed"
    assert [each["side"] for each in office.agreement(begun)["signatures"]] == ["prison", "us"]
    assert office.told()[-2:] == [("proposal_settled", "accepted"), ("agreement_signed", None)]
    assert office.steps(reference)[-3:] == [
        ("settled", "sent", "accepted"),
        ("signed", None, "prison"),
        ("signed", None, "us"),
    ]


def test_accepting_twice_is_accepting_once(office):
    sent = office.sent(office.enquiry())

    first = office.accept(sent)
    again = office.accept(sent, name="Somebody Else")

    assert again == first
    assert len(office.agreement(first)["signatures"]) == 1
    assert office.told().count(("proposal_settled", "accepted")) == 1


def test_many_who_accept_at_once_make_one_agreement(office):
    sent = office.sent(office.enquiry())

    made = all_at_once(*[lambda: office.accept(sent)] * 8)

    assert len(set(made)) == 1
    with office.store.database.reading() as connection:
        ours = select(func.count()).where(signatures.c.agreement_id == made[0])
        assert connection.scalar(ours) == 1


@pytest.mark.parametrize("round_", range(3))
def test_an_acceptance_and_a_new_version_at_once_end_in_one_of_the_two(office, round_):
    reference = office.enquiry()
    sent = office.sent(reference)

    accepted, _ = all_at_once(lambda: office.accept(sent), lambda: office.make(reference))

    outcomes = [outcome for kind, outcome in office.told() if kind == "proposal_settled"]
    if isinstance(accepted, Refused):
        assert outcomes == ["superseded"]
        assert "newer version" in accepted.detail
    else:
        assert outcomes == ["accepted"]
        assert office.proposal(sent)["state"] == "accepted"


def test_what_is_closed_cannot_be_accepted_and_says_why(office):
    for to, words in (
        (ProposalState.DECLINED, "declined"),
        (ProposalState.WITHDRAWN, "withdrawn"),
        (ProposalState.SUPERSEDED, "newer version"),
        (ProposalState.EXPIRED, "time it was open"),
    ):
        sent = office.sent(office.enquiry())
        office.settle(sent, to)
        assert words in refused(lambda sent=sent: office.accept(sent))
    assert "Send it first" in refused(lambda: office.accept(office.make(office.enquiry())))


def test_a_proposal_can_be_accepted_to_the_end_of_its_last_day_and_expires_on_the_next(office):
    last, late = office.sent(office.enquiry()), office.sent(office.enquiry())
    office.clock.now = datetime(2026, 12, 24, 23, 59, tzinfo=UTC)
    proposals.expire_proposals(office.store, [late])
    office.accept(last)
    assert office.proposal(late)["state"] == "sent"

    office.clock.now += timedelta(minutes=1)
    assert "time it was open" in refused(lambda: office.accept(late))
    proposals.expire_proposals(office.store, [last, late])
    proposals.expire_proposals(office.store, [last, late])

    assert [office.proposal(each)["state"] for each in (last, late)] == ["accepted", "expired"]
    assert office.told().count(("proposal_settled", "expired")) == 1


def test_sending_sets_the_clocks_of_reminder_and_end_in_london(office):
    sent = office.sent(office.enquiry())

    with office.store.database.reading() as connection:
        rows = connection.execute(select(messaging.jobs).where(messaging.jobs.c.subject == str(sent))).all()
    assert {row.kind: row.due_at for row in rows} == {
        "remind_of_proposals": datetime(2026, 12, 14, 9, tzinfo=UTC),
        "expire_proposals": datetime(2026, 12, 25, tzinfo=UTC),
    }


def test_a_reminder_is_given_once_and_only_while_an_answer_is_awaited(office):
    open_one, settled, closed = (office.sent(office.enquiry()) for _ in range(3))
    office.settle(settled, ProposalState.DECLINED)
    lapsed = office.proposal(closed)["reference"]
    with office.store.work() as work:
        work.connection.execute(update(enquiries).where(enquiries.c.reference == lapsed).values(stage="lapsed"))
    office.clock.now += timedelta(days=20)

    for _ in range(2):
        proposals.remind_of_proposals(office.store, [open_one, settled, closed])

    assert office.told().count(("answer_awaited", "proposal")) == 1
    assert office.steps(office.proposal(open_one)["reference"])[-1] == ("reminded", None, "proposal")


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        ("won", "expired"),
        *((stage, "withdrawn") for stage in ("declined", "withdrawn", "lapsed", "duplicate", "spam")),
    ],
)
def test_the_open_proposal_of_what_is_won_or_closed_ends_without_a_word_to_anybody(office, stage, state):
    reference = office.enquiry()
    sent = office.sent(reference)
    office.stand(reference, stage)

    for moment in (datetime(2026, 12, 14, 9, tzinfo=UTC), datetime(2026, 12, 25, tzinfo=UTC)):
        office.clock.now = moment
        for _ in range(2):
            proposals.remind_of_proposals(office.store, [sent])
            proposals.expire_proposals(office.store, [sent])

    assert office.proposal(sent)["state"] == state
    assert office.told() == [("proposal_sent", None)]
    assert office.steps(reference)[-1] == ("settled", "sent", state)


def test_what_is_won_can_still_be_accepted_while_the_proposal_has_time(office):
    reference = office.enquiry()
    sent = office.sent(reference)
    office.stand(reference, "won")
    office.clock.now = datetime(2026, 12, 24, 23, 59, tzinfo=UTC)
    proposals.remind_of_proposals(office.store, [sent])
    proposals.expire_proposals(office.store, [sent])

    office.accept(sent)

    assert office.told() == [("proposal_sent", None), ("proposal_settled", "accepted")]


def test_a_change_that_is_proposed_after_it_was_won_waits_for_an_answer(office):
    reference = office.enquiry()
    office.stand(reference, "won")
    office.clock.now += timedelta(days=1)
    sent = office.sent(reference)

    for days in (20, 31):
        office.clock.now = NOON + timedelta(days=1 + days)
        proposals.remind_of_proposals(office.store, [sent])
        proposals.expire_proposals(office.store, [sent])

    assert office.told() == [
        ("proposal_sent", None),
        ("answer_awaited", "proposal"),
        ("proposal_settled", "expired"),
    ]


def test_an_enquiry_that_was_closed_and_is_open_again_in_time_is_reminded_as_ever(office):
    reference = office.enquiry()
    sent = office.sent(reference)
    office.stand(reference, "lapsed")
    office.stand(reference, "new")
    office.clock.now = datetime(2026, 12, 14, 9, tzinfo=UTC)

    proposals.remind_of_proposals(office.store, [sent])

    assert office.told() == [("proposal_sent", None), ("answer_awaited", "proposal")]


def test_nothing_is_proposed_to_an_enquiry_that_is_closed_or_erased(office):
    for values, words in (({"stage": "declined"}, "declined"), ({"standing": "quarantined"}, "quarantined"),
                          ({"erased_at": NOON}, "erased")):  # fmt: skip
        reference = office.enquiry()
        with office.store.work() as work:
            work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(**values))
        assert words in refused(lambda reference=reference: office.make(reference))
    refused(lambda: office.make("KT-AAAA-AA"), "not_found")


def test_sessions_are_drawn_to_the_limit_and_given_back_to_nothing(office):
    reference = office.enquiry()
    signed = office.signed(reference)

    office.draw(signed, 16)
    assert office.agreement(signed)["balance"] == 0
    assert "0 are left" in refused(lambda: office.draw(signed, 1))
    office.draw(signed, -2, "two fell out")
    assert "cannot be given back" in refused(lambda: office.draw(signed, -15))

    shown = office.agreement(signed)
    assert (shown["drawn_units"], shown["balance"]) == (14, 2)
    assert [each["units"] for each in shown["drawn"]] == [16, -2]
    assert office.steps(reference)[-1] == ("drawn", "0", "2")


def test_many_draws_at_once_never_go_beyond_what_was_agreed(office):
    signed = office.signed(office.enquiry(), sessions=7)

    outcomes = all_at_once(*[lambda: office.draw(signed, 1)] * 12)

    assert Counter(type(each).__name__ for each in outcomes) == {"NoneType": 7, "Refused": 5}
    assert office.agreement(signed)["balance"] == 0


def test_nothing_is_drawn_before_both_have_signed_or_after_the_end(office):
    begun = office.accept(office.sent(office.enquiry()))
    assert "not signed by both" in refused(lambda: office.draw(begun, 1))
    office.sign(begun)

    with office.store.work() as work:
        agreements.end_agreement(work, begun, actor="priya", reason="The wing closes.")

    assert "has ended" in refused(lambda: office.draw(begun, 1))
    assert office.agreement(begun)["state"] == "ended"


def test_a_later_version_replaces_the_agreement_and_keeps_what_was_taken_up(office):
    reference = office.enquiry()
    first = office.signed(reference, sessions=8)
    office.draw(first, 5)
    second = office.accept(office.sent(reference, sessions=12))
    assert office.agreement(first)["state"] == "signed"  # it stands until the next one does

    office.sign(second)

    assert office.agreement(first)["state"] == "amended"
    assert (office.agreement(second)["state"], office.agreement(second)["balance"]) == ("signed", 7)
    with office.store.database.reading() as connection:
        assert queries.get_enquiry(connection, reference)["agreement"]["id"] == str(second)
        assert queries.get_enquiry(connection, reference)["agreement"]["balance"] == 7


def test_a_later_version_cannot_hold_less_than_was_taken_up(office):
    reference = office.enquiry()
    first = office.signed(reference, sessions=8)
    office.draw(first, 5)
    second = office.accept(office.sent(reference, sessions=4))

    assert "taken up already" in refused(lambda: office.sign(second))
    assert [office.agreement(each)["state"] for each in (first, second)] == ["signed", "awaiting_signature"]
    office.draw(first, -1)
    office.sign(second)
    assert office.agreement(second)["balance"] == 0


def test_an_agreement_that_was_never_signed_by_us_gives_way_to_the_next_one(office):
    reference = office.enquiry()
    first, second = (office.accept(office.sent(reference)) for _ in range(2))

    assert office.agreement(first)["state"] == "amended"
    assert "later version" in refused(lambda: office.sign(first))
    assert office.agreement(office.sign(second))["state"] == "signed"


def test_a_purchase_order_can_come_later(office):
    begun = office.accept(office.sent(office.enquiry()))

    with office.store.work() as work:
        agreements.record_purchase_order(work, begun, "4500012345", actor="priya")

    assert office.agreement(begun)["purchase_order"] == "4500012345"


def test_a_staff_training_is_agreed_in_places(office):
    reference = office.enquiry(programme="unlocking-the-key-to-compassion")
    assert "8 people or more" in refused(lambda: office.make(reference, people=7), "invalid")

    agreed = office.agreement(office.signed(reference, people=7, reason="A small unit, agreed by phone."))

    assert (agreed["unit"], agreed["agreed_units"], agreed["total_pence"]) == ("place", 7, 7 * 300_00)


def test_a_proposal_and_an_agreement_are_found_by_the_reference_of_their_enquiry(office):
    reference = office.enquiry()
    office.sent(reference)
    newest = office.sent(reference)
    begun = office.accept(newest)

    with office.store.database.reading() as connection:
        assert queries.find_proposal(connection, reference.lower()) == newest
        assert queries.find_agreement(connection, reference) == begun
        assert [each["version"] for each in queries.list_proposals(connection, limit=9, reference=reference)] == [2, 1]
        chosen = {"limit": 9, "reference": reference}
        assert [each["version"] for each in queries.list_proposals(connection, **chosen, state="accepted")] == [2]
        assert len(queries.list_agreements(connection, **chosen, state="awaiting_signature")) == 1
        assert queries.list_agreements(connection, **chosen, state="signed") == []
        for find in (queries.find_proposal, queries.find_agreement):
            refused(lambda find=find: find(connection, "KT-2222-22"), "not_found")


def test_no_name_stands_in_the_news_or_in_the_history(office):
    reference = office.enquiry()
    office.draw(office.signed(reference), 1)

    with office.store.database.reading() as connection:
        news = [str(row._mapping) for row in connection.execute(select(messaging.outbox))]
        steps = [str(row._mapping) for row in connection.execute(select(timeline))]
        jobs = [str(row._mapping) for row in connection.execute(select(messaging.jobs))]
    for text in (*news, *steps, *jobs):
        assert "Siân" not in text
        assert "Si\\u00e2n" not in text
        assert "Nair" not in text


@pytest.fixture
def theirs(office) -> tuple[UUID, UUID]:
    """Two organisations, ours and another's."""
    ids = (UUID(int=71), UUID(int=72))
    with office.store.work() as work:
        mine = enquiries.c.organisation_id.in_(ids)
        work.connection.execute(update(enquiries).where(mine).values(organisation_id=None))
        work.connection.execute(organisations.delete().where(organisations.c.id.in_(ids)))
        for each in ids:
            row = {"id": each, "kind": "commissioner", "name": f"Commissioner {each.int}"}
            row |= {"bare_name": f"commissioner {each.int}", "created_at": NOON, "created_by": "priya"}
            work.connection.execute(organisations.insert().values(row))
    return ids


def asked_by(office, reference: str, organisation: UUID) -> str:
    with office.store.work() as work:
        its = enquiries.c.reference == reference
        work.connection.execute(update(enquiries).where(its).values(organisation_id=organisation))
    return reference


def commissioned(office, organisation: UUID) -> dict:
    with office.store.database.reading() as connection:
        return get_commissioned(connection, organisation)


def test_an_organisation_sees_what_it_asked_for_and_was_sent_and_nothing_of_anothers(office, theirs):
    ours, others = theirs
    reference = asked_by(office, office.enquiry(), ours)
    office.draw(office.signed(reference), 2)
    sent = office.sent(asked_by(office, office.enquiry(), ours))
    draft = office.make(asked_by(office, office.enquiry(), ours))
    asked_by(office, other := office.enquiry(), others)
    office.sent(other)
    found = commissioned(office, ours)

    assert {each["reference"] for each in found["enquiries"]}.isdisjoint({other})
    assert len(found["enquiries"]) == 3
    assert str(draft) not in {each["id"] for each in found["proposals"]}
    assert str(sent) in {each["id"] for each in found["proposals"]}
    assert [(each["reference"], each["drawn_units"]) for each in found["agreements"]] == [(reference, 2)]
    assert [each["reference"] for each in commissioned(office, others)["enquiries"]] == [other]
    assert commissioned(office, others)["agreements"] == []


def test_what_stays_with_us_is_not_in_it(office, theirs):
    reference = asked_by(office, office.enquiry(), theirs[0])
    office.settle(office.sent(reference), ProposalState.WITHDRAWN)
    with office.store.work() as work:
        history.write(work, reference, Kind.NOTED, actor="priya", words="They seem unsure.")
    written = json.dumps(commissioned(office, theirs[0]))

    assert [word for word in ("They said so.", "unsure", "priya", "sian@") if word in written] == []


def test_what_became_of_a_session_is_said_as_it_stands(office, theirs):
    reference = asked_by(office, office.enquiry(), theirs[0])
    with office.store.work() as work:
        for about, now in (
            ("session 1 on 2027-01-12", "delivered"),
            ("session 2 on 2027-01-19", "delivered"),
            ("session 2 on 2027-01-19", "planned"),
            ("session 3 on 2027-01-26", "cancelled"),
        ):
            history.write(work, reference, Kind.SESSION, actor="clock", now=now, about=about)

    assert sorted((each["about"], each["state"]) for each in commissioned(office, theirs[0])["sessions"]) == [
        ("session 1 on 2027-01-12", "delivered"),
        ("session 3 on 2027-01-26", "cancelled"),
    ]


def test_what_is_held_back_or_erased_is_not_theirs(office, theirs):
    kept = [asked_by(office, office.enquiry(), theirs[0]) for _ in range(2)]
    with office.store.work() as work:
        for reference, values in zip(kept, ({"standing": "quarantined"}, {"erased_at": NOON}), strict=True):
            work.connection.execute(update(enquiries).where(enquiries.c.reference == reference).values(values))

    assert commissioned(office, theirs[0])["enquiries"] == []


def test_the_paper_of_a_proposal_is_for_whom_it_was_sent_to(office, theirs):
    ours, others = theirs
    sent = office.sent(asked_by(office, office.enquiry(), ours))
    draft = office.make(asked_by(office, office.enquiry(), ours))

    with office.store.database.reading() as connection:
        refuse_others_proposal(connection, sent, ours)
        refuse_others_proposal(connection, sent, None)
        for proposal, whose in ((sent, others), (draft, ours)):
            with pytest.raises(Refused) as caught:
                refuse_others_proposal(connection, proposal, whose)
            assert caught.value.code == "not_found"
