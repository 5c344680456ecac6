"""Who knows of a session what is true of it now: every state of a letter, changes of changes, digests, resends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from services.notifications.domain import heard, proof
from services.notifications.domain.calendar_occasions import Change, Told, change_letters
from services.notifications.domain.facts import RunFacts, SessionFacts
from services.notifications.domain.messages import Message, MessageState
from services.notifications.domain.occasions import Drafting, acknowledgement, run_confirmations
from services.notifications.domain.proof import PersonProof, Verdict, prove, prove_letter
from services.notifications.domain.reminder_rules import SESSION_REMINDER
from services.notifications.domain.reminders import reminders_of
from services.notifications.domain.statements import GONE

TOM, ANA, LEE, CONTACT = "facilitator:tom", "facilitator:ana", "facilitator:lee", "enquirer:KT-7F3K-92"
S = MessageState
NO_DAY_OFF: frozenset[dt.date] = frozenset()


@pytest.fixture
def run(run: RunFacts) -> RunFacts:
    """The run of the other tests, in which every session says who leads it."""
    return replace(run, sessions=tuple(replace(each, facilitators=("tom", "ana")) for each in run.sessions))


@pytest.fixture
def settle(now: dt.datetime) -> Callable[..., Message]:
    """Give a message that came to stand at `state`, minutes after the story began; `scheduled` leaves it waiting."""

    def become(message: Message, state: MessageState, minutes: int = 1, why: str | None = None) -> Message:
        at = now + dt.timedelta(minutes=minutes)
        tried = state not in {S.SCHEDULED, S.SUPERSEDED, S.MISSED}
        taken = state in {S.ACCEPTED, S.DELIVERED, S.BOUNCED}
        return replace(
            message, state=state, why=why, claimed_at=at if tried else None, accepted_at=at if taken else None
        )

    return become


class Story:
    """A run, the letters about it, and what people were told of it: each change writes the letters it calls for."""

    def __init__(self, run: RunFacts, drafting: Drafting, now: dt.datetime, settle: Callable[..., Message]) -> None:
        self.run, self._drafting, self._now, self._settle = run, drafting, now, settle
        self._minutes = 1
        self.letters = run_confirmations(run, now, drafting)
        self.digests: dict[UUID, Message] = {}

    def all_become(self, state: MessageState, *, only: str | None = None, why: str | None = None) -> None:
        """Let what waits, for one person or for all, come to stand at a state."""
        self._minutes += 1
        self.letters = [
            self._settle(each, state, self._minutes, why)
            if each.state is S.SCHEDULED and only in {None, each.recipient}
            else each
            for each in self.letters
        ]

    def change(self, sessions: Sequence[SessionFacts], *, touched: Sequence[str], kind: str = "move") -> None:
        """Let the run become these sessions."""
        before, version = self.run, self.run.version + 1
        self.run = replace(before, sessions=tuple(sessions), version=version)
        ids = {each.id for each in sessions}
        change = Change(
            id=f"change-{version}",
            kind=kind,
            run=self.run,
            changed=tuple(each for each in sessions if each.id in touched),
            cancelled=tuple(each for each in before.sessions if each.id not in ids),
            left=(),
        )
        self.letters += change_letters(change, before, self._told(), self._now, NO_DAY_OFF, self._drafting)

    def move(self, session: str, day: str) -> None:
        """Let one session take place on another day."""
        on = dt.date.fromisoformat(day)
        self.change(
            [replace(each, date=on) if each.id == session else each for each in self.run.sessions], touched=[session]
        )

    def lead(self, session: str, *people: str) -> None:
        """Let others lead one session."""
        self.change(
            [replace(each, facilitators=people) if each.id == session else each for each in self.run.sessions],
            touched=[session],
            kind="swap",
        )

    def cancel(self, session: str) -> None:
        """Let one session not take place."""
        self.change([each for each in self.run.sessions if each.id != session], touched=[], kind="drop")

    def remind(self) -> list[Message]:
        """Add the reminders of the run as it is."""
        reminders = reminders_of(self.run, [SESSION_REMINDER], NO_DAY_OFF, self._drafting)
        self.letters += reminders
        return reminders

    def of(self, session: str, recipient: str = TOM) -> PersonProof:
        """Give the proof of one person and session."""
        return self.people(session)[recipient]

    def people(self, session: str) -> dict[str, PersonProof]:
        """Give the proofs of one session by person."""
        proof = prove(self.letters, self.digests)
        assert proof is not None
        [found] = [each for each in proof.sessions if each.session.id == session]
        return {each.recipient: each for each in found.people}

    def _told(self) -> dict[str, Told]:
        newest: dict[str, Told] = {}
        for each in self.letters:
            is_out = each.template.startswith("run_changed") and each.state in {S.ACCEPTED, S.UNKNOWN}
            if is_out or each.template.startswith("run_confirmed"):
                newest[each.recipient] = Told(RunFacts.from_plain(each.facts))
        return newest


@pytest.fixture
def story(run: RunFacts, drafting: Drafting, now: dt.datetime, settle: Callable[..., Message]) -> Story:
    return Story(run, drafting, now, settle)


def test_without_a_letter_to_the_contact_nothing_is_known_of_a_run(story: Story) -> None:
    assert prove([each for each in story.letters if each.recipient != CONTACT], {}) is None


def test_the_contact_and_each_facilitator_of_each_session_are_awaited(story: Story) -> None:
    proof = prove(story.letters, {})

    assert proof is not None
    assert [each.session.id for each in proof.sessions] == [f"s{number}" for number in range(1, 17)]
    assert all([person.recipient for person in each.people] == [CONTACT, TOM, ANA] for each in proof.sessions)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (S.SCHEDULED, Verdict.TO_BE_TOLD),
        (S.SENDING, Verdict.TO_BE_TOLD),
        (S.ACCEPTED, Verdict.TOLD),
        (S.DELIVERED, Verdict.TOLD),
        (S.UNKNOWN, Verdict.IN_DOUBT),
        (S.BOUNCED, Verdict.NOT_TOLD),
        (S.FAILED, Verdict.NOT_TOLD),
        (S.SUPPRESSED, Verdict.NOT_TOLD),
        (S.SUPERSEDED, Verdict.NOT_TOLD),
        (S.MISSED, Verdict.NOT_TOLD),
    ],
)
def test_each_state_of_a_letter_has_its_verdict(story: Story, state: MessageState, verdict: Verdict) -> None:
    story.all_become(state, only=TOM)

    assert story.of("s1").verdict is verdict
    assert story.of("s1", ANA).verdict is Verdict.TO_BE_TOLD


def test_no_state_is_forgotten() -> None:
    settled = heard.REACHED | heard.PERHAPS | heard.WAITS | set(proof._BECAME)

    assert settled == set(MessageState)


def test_a_gap_says_why_and_which_message_to_send_again(story: Story) -> None:
    story.all_become(S.FAILED, only=TOM, why="550 There is no such mailbox.")
    story.all_become(S.UNKNOWN, only=ANA)
    [tom] = [each for each in story.letters if each.recipient == TOM]

    assert story.of("s1").why == "The letter that says it could not be sent: 550 There is no such mailbox."
    assert (story.of("s1").to_say_it, story.of("s1").can_resend) == (tom, True)
    assert story.of("s1", ANA).why == "The letter that says it may have arrived, and nobody can say whether it did."
    assert (story.of("s1", CONTACT).why, story.of("s1", CONTACT).to_say_it) == (None, None)


def test_a_gap_says_once_that_the_letter_came_back(story: Story) -> None:
    story.all_become(S.BOUNCED, only=TOM, why="It came back with 5.1.1: there is no such mailbox.")
    assert story.of("s1").why == "The letter that says it came back with 5.1.1: there is no such mailbox."


def test_whoever_had_no_letter_at_all_was_not_told(story: Story) -> None:
    story.letters = [each for each in story.letters if each.recipient != TOM]

    tom = story.of("s1")

    assert (tom.verdict, tom.why, tom.to_say_it) == (Verdict.NOT_TOLD, "No letter says it to them.", None)


def test_a_reminder_to_come_is_no_letter_that_tells(story: Story) -> None:
    story.letters = [each for each in story.letters if each.recipient != TOM]
    story.remind()

    tom = story.of("s1")

    assert (tom.verdict, tom.why) == (Verdict.NOT_TOLD, proof.ONLY_A_REMINDER)


def test_a_reminder_that_arrived_tells_where_the_letter_did_not(story: Story) -> None:
    story.all_become(S.FAILED)
    story.remind()
    reminded = [each.id for each in story.letters if each.occasion == "session_reminder:5d:s1"]
    story.letters = [replace(each, state=S.ACCEPTED) if each.id in reminded else each for each in story.letters]

    assert {each.verdict for each in story.people("s1").values()} == {Verdict.TOLD}
    assert {each.verdict for each in story.people("s2").values()} == {Verdict.NOT_TOLD}


def test_after_a_change_the_old_letter_is_no_proof_of_what_it_touched(story: Story) -> None:
    story.all_become(S.ACCEPTED)
    story.move("s9", "2027-03-10")

    assert (story.of("s9").verdict, story.of("s8").verdict) == (Verdict.TO_BE_TOLD, Verdict.TOLD)
    story.all_become(S.ACCEPTED, only=TOM)
    story.all_become(S.BOUNCED, only=ANA, why="It came back.")

    assert (story.of("s9").verdict, story.of("s8").verdict) == (Verdict.TOLD, Verdict.TOLD)
    ana = story.of("s9", ANA)
    assert ana.verdict is Verdict.NOT_TOLD
    assert [each.session.date.isoformat() for each in ana.believes if each.session] == ["2027-03-09"]
    assert ana.to_say_it is not None
    assert (ana.to_say_it.template, ana.can_resend) == ("run_changed_facilitator", True)


def test_moved_and_moved_back_the_first_letter_proves_nothing_once_the_second_arrived(story: Story) -> None:
    story.all_become(S.ACCEPTED)
    story.move("s9", "2027-03-10")
    story.all_become(S.ACCEPTED)
    story.move("s9", "2027-03-09")
    story.all_become(S.FAILED)

    assert story.of("s9").verdict is Verdict.NOT_TOLD
    assert [each.session.date.isoformat() for each in story.of("s9").believes if each.session] == ["2027-03-10"]


def test_moved_and_moved_back_the_first_letter_holds_where_the_second_never_went_out(story: Story) -> None:
    story.all_become(S.ACCEPTED)
    story.move("s9", "2027-03-10")
    story.all_become(S.SUPERSEDED, why="The sessions are again as they were last told.")
    story.move("s9", "2027-03-09")

    assert {each.verdict for each in story.people("s9").values()} == {Verdict.TOLD}


def test_where_the_letter_between_may_have_arrived_it_is_in_doubt(story: Story) -> None:
    story.all_become(S.ACCEPTED)
    story.move("s9", "2027-03-10")
    story.all_become(S.UNKNOWN)
    story.move("s9", "2027-03-09")
    story.all_become(S.FAILED, why="550 no.")

    tom = story.of("s9")
    assert (tom.verdict, tom.why) == (Verdict.IN_DOUBT, "The letter that says it could not be sent: 550 no.")
    assert [each.session.date.isoformat() for each in tom.believes if each.session] == ["2027-03-10"]


def test_superseded_twice_only_the_third_letter_counts(story: Story) -> None:
    story.all_become(S.ACCEPTED)
    for day in ("2027-03-10", "2027-03-11"):
        story.move("s9", day)
        story.all_become(S.SUPERSEDED, why="There is newer news of these sessions, which tells this too.")
    story.move("s9", "2027-03-12")

    assert {each.verdict for each in story.people("s9").values()} == {Verdict.TO_BE_TOLD}
    story.all_become(S.ACCEPTED)
    assert {each.verdict for each in story.people("s9").values()} == {Verdict.TOLD}


def test_cover_is_told_and_whoever_is_replaced_is_told_too(story: Story) -> None:
    story.all_become(S.ACCEPTED)
    story.lead("s2", "tom", "lee")

    assert list(story.people("s2")) == [CONTACT, TOM, LEE, ANA]
    assert story.of("s2", ANA).expected is GONE
    assert {each.verdict for each in story.people("s2").values()} == {Verdict.TO_BE_TOLD}
    story.all_become(S.ACCEPTED, only=LEE)
    story.all_become(S.FAILED, only=ANA)
    story.all_become(S.FAILED, only=CONTACT)

    assert story.of("s2", LEE).verdict is Verdict.TOLD
    # She would come in vain, and they would look out for her.
    assert story.of("s2", ANA).verdict is Verdict.NOT_TOLD
    assert story.of("s2", CONTACT).verdict is Verdict.NOT_TOLD
    assert LEE not in story.people("s3")
    assert story.of("s3", ANA).verdict is Verdict.TOLD


def test_a_reminder_of_the_time_does_not_tell_who_leads(story: Story) -> None:
    story.all_become(S.ACCEPTED)
    story.lead("s2", "tom", "lee")
    story.all_become(S.FAILED)
    for each in story.remind():
        if each.occasion == "session_reminder:1d:s2":
            story.letters[story.letters.index(each)] = replace(each, state=S.ACCEPTED)

    assert story.of("s2", CONTACT).verdict is Verdict.NOT_TOLD
    # Lee had heard nothing, and knows the time now.
    assert story.of("s2", LEE).verdict is Verdict.TOLD


def test_of_a_session_that_is_off_those_must_know_who_would_come_in_vain(story: Story) -> None:
    story.all_become(S.ACCEPTED, only=TOM)
    story.all_become(S.FAILED, only=ANA)
    story.all_become(S.ACCEPTED)
    story.cancel("s9")
    story.all_become(S.ACCEPTED, only=CONTACT)
    story.all_become(S.MISSED, only=TOM)
    story.letters = [
        each for each in story.letters if each.recipient != ANA or each.template.startswith("run_confirmed")
    ]

    proof = prove(story.letters, {})
    assert proof is not None
    [nine] = [each for each in proof.sessions if each.session.id == "s9"]
    assert nine.takes_place is False
    found = {each.recipient: each for each in nine.people}
    assert {each: found[each].verdict for each in found} == {CONTACT: Verdict.TOLD, TOM: Verdict.NOT_TOLD}
    assert list(found[TOM].moments(nine.session))[1:] == [dt.datetime(2027, 3, 9, 13, 45, tzinfo=dt.UTC)]


def test_whoever_was_to_hear_that_it_is_off_counts_on_it_even_where_nothing_reached_them(story: Story) -> None:
    story.all_become(S.FAILED)
    story.cancel("s9")
    story.all_become(S.FAILED)

    assert {each.verdict for each in story.people("s9").values()} == {Verdict.NOT_TOLD}


def test_whom_a_confirmation_may_have_reached_is_in_doubt_once_it_is_off(story: Story) -> None:
    story.all_become(S.UNKNOWN, only=ANA)
    story.all_become(S.ACCEPTED)
    story.cancel("s9")
    story.letters = [each for each in story.letters if each.recipient != ANA or each.state is S.UNKNOWN]

    assert story.of("s9", ANA).verdict is Verdict.IN_DOUBT


def test_of_a_session_that_others_lead_a_facilitator_counts_on_nothing(
    run: RunFacts, drafting: Drafting, now: dt.datetime, settle: Callable[..., Message]
) -> None:
    first, *others = run.sessions
    story = Story(replace(run, sessions=(replace(first, facilitators=("tom",)), *others)), drafting, now, settle)
    story.all_become(S.ACCEPTED)

    assert list(story.people("s1")) == [CONTACT, TOM]
    assert list(story.people("s2")) == [CONTACT, TOM, ANA]


def test_a_session_that_is_off_is_known_from_the_letter_that_said_so(story: Story) -> None:
    story.cancel("s9")
    story.letters = [each for each in story.letters if each.template.startswith("run_changed")]

    assert {each.verdict for each in story.people("s9").values()} == {Verdict.TO_BE_TOLD}


def test_the_letter_is_to_be_sent_again_and_no_reminder_of_it_nor_one_that_was_withdrawn(story: Story) -> None:
    story.all_become(S.FAILED, why="550 no.")
    [confirmation] = [each for each in story.letters if each.recipient == TOM]
    story.letters.append(replace(confirmation, id=UUID(int=900), version=2, state=S.SUPERSEDED, why="Needless."))
    story.remind()
    story.all_become(S.FAILED, why="552 no.")

    tom = story.of("s9")

    assert tom.why == "The letter that says it could not be sent: 550 no."
    assert tom.to_say_it is not None
    assert tom.to_say_it.template == "run_confirmed_facilitator"


def test_a_digest_tells_what_it_took_over(story: Story) -> None:
    [tom] = [each for each in story.letters if each.recipient == TOM]
    digest = replace(tom, id=UUID(int=900), template="digest", occasion="digest:2026-11-25", facts={})
    taken = replace(tom, state=S.SUPERSEDED, why="It is told in a digest.", told_in=digest.id)
    story.letters[story.letters.index(tom)] = taken

    for state, verdict in ((S.SCHEDULED, Verdict.TO_BE_TOLD), (S.ACCEPTED, Verdict.TOLD), (S.FAILED, Verdict.NOT_TOLD)):
        story.digests = {digest.id: replace(digest, state=state)}
        assert story.of("s1").verdict is verdict
    # The letter is sent again, not the digest.
    assert (story.of("s1").to_say_it, story.of("s1").can_resend) == (taken, True)
    story.digests = {digest.id: replace(digest, state=S.MISSED)}
    assert (story.of("s1").verdict, story.of("s1").can_resend) == (Verdict.NOT_TOLD, False)


def test_what_still_waits_for_its_digest_is_to_be_told(story: Story) -> None:
    [tom] = [each for each in story.letters if each.recipient == TOM]
    digest = replace(tom, id=UUID(int=900), template="digest", state=S.ACCEPTED, facts={})
    # The digest went out without it: it is tried by itself.
    story.letters[story.letters.index(tom)] = replace(tom, told_in=digest.id)
    story.digests = {digest.id: digest}

    assert story.of("s1").verdict is Verdict.TO_BE_TOLD


def test_a_letter_that_is_sent_again_tells(story: Story, now: dt.datetime) -> None:
    story.all_become(S.FAILED, only=TOM)
    [tom] = [each for each in story.letters if each.recipient == TOM]
    again = replace(tom, id=UUID(int=900), version=2, state=S.ACCEPTED, accepted_at=now, resend_of=tom.id)

    story.letters.append(again)

    assert story.of("s1").verdict is Verdict.TOLD


def test_an_old_letter_sent_again_leaves_its_reader_with_the_old_time(story: Story, now: dt.datetime) -> None:
    story.all_become(S.ACCEPTED)
    [old] = [each for each in story.letters if each.recipient == CONTACT]
    story.move("s9", "2027-03-10")
    story.all_become(S.ACCEPTED)
    later = now + dt.timedelta(days=1)
    again = replace(old, id=UUID(int=900), version=7, state=S.ACCEPTED, accepted_at=later, resend_of=old.id)

    story.letters.append(again)

    contact = story.of("s9", CONTACT)
    assert (contact.verdict, contact.why) == (Verdict.NOT_TOLD, proof.SAID_OTHERWISE_SINCE)
    assert story.of("s8", CONTACT).verdict is Verdict.TOLD


def test_a_letter_after_which_something_else_changed_is_not_sent_again(story: Story) -> None:
    story.all_become(S.FAILED)
    story.move("s9", "2027-03-10")
    story.all_become(S.FAILED)

    assert story.of("s9").can_resend
    # It would say the old time of session 9 again.
    assert (story.of("s8").verdict, story.of("s8").can_resend) == (Verdict.NOT_TOLD, False)


def test_what_somebody_was_told_by_phone_counts_until_it_changes(story: Story, now: dt.datetime) -> None:
    story.all_become(S.ACCEPTED)
    story.lead("s2", "tom", "lee")
    story.all_become(S.FAILED)
    says = {"s2": None, "s9": story.run.sessions[8].to_plain()}
    rung = replace(
        story.letters[0],
        id=UUID(int=900),
        recipient=ANA,
        template="told_by_hand",
        facts={"says": says},
        state=S.ACCEPTED,
        accepted_at=now + dt.timedelta(hours=1),
    )

    assert story.of("s2", ANA).verdict is Verdict.NOT_TOLD
    story.letters.append(rung)
    assert (story.of("s2", ANA).verdict, story.of("s9", ANA).verdict) == (Verdict.TOLD, Verdict.TOLD)

    story.move("s9", "2027-03-10")
    assert story.of("s9", ANA).verdict is Verdict.TO_BE_TOLD


def test_a_new_contact_has_not_had_what_the_one_before_was_told(story: Story) -> None:
    story.all_become(S.ACCEPTED)
    story.letters = [
        replace(each, person="contact:alex") if each.recipient == CONTACT else each for each in story.letters
    ]
    assert story.of("s1", CONTACT).verdict is Verdict.TOLD

    story.move("s9", "2027-03-10")
    story.all_become(S.ACCEPTED)
    story.letters = [
        replace(each, person="contact:sam") if each.recipient == CONTACT and each.version == 2 else each
        for each in story.letters
    ]

    first = story.of("s1", CONTACT)
    assert (first.verdict, first.why) == (Verdict.IN_DOUBT, proof.WENT_TO_ANOTHER)
    assert story.of("s9", CONTACT).verdict is Verdict.TOLD


@pytest.mark.parametrize(
    ("state", "again", "verdict"),
    [
        (S.ACCEPTED, None, Verdict.TOLD),
        (S.SCHEDULED, None, Verdict.TO_BE_TOLD),
        (S.FAILED, None, Verdict.NOT_TOLD),
        (S.BOUNCED, None, Verdict.NOT_TOLD),
        (S.SUPPRESSED, None, Verdict.NOT_TOLD),
        (S.UNKNOWN, None, Verdict.IN_DOUBT),
        (S.SUPERSEDED, None, None),
        (S.FAILED, S.ACCEPTED, Verdict.TOLD),
        (S.FAILED, S.SCHEDULED, Verdict.TO_BE_TOLD),
        (S.FAILED, S.FAILED, Verdict.NOT_TOLD),
        (S.SUPERSEDED, S.ACCEPTED, Verdict.TOLD),
    ],
)
def test_a_letter_that_stands_alone_is_proven_by_what_got_furthest(
    enquiry, now, drafting, state: MessageState, again: MessageState | None, verdict: Verdict | None
) -> None:
    thanks = replace(acknowledgement(enquiry, now, drafting), state=state)
    sent_again = [replace(thanks, id=UUID(int=900), state=again, resend_of=thanks.id)] if again else []

    found = prove_letter(thanks, None, sent_again)

    assert (found and found.verdict) == verdict
    assert found is None or found.last == (*sent_again, thanks)[0]


@pytest.mark.parametrize(("state", "verdict"), [(S.ACCEPTED, Verdict.TOLD), (S.FAILED, Verdict.NOT_TOLD)])
def test_a_letter_that_a_digest_told_is_proven_by_the_digest(
    enquiry, now, drafting, state: MessageState, verdict: Verdict
) -> None:
    thanks = replace(acknowledgement(enquiry, now, drafting), state=S.SUPERSEDED, told_in=UUID(int=900))
    digest = replace(thanks, id=UUID(int=900), template="digest", state=state, told_in=None)

    found = prove_letter(thanks, digest, [])

    assert found is not None
    assert (found.verdict, found.last) == (verdict, thanks)


def test_nobody_is_to_be_told_who_was_erased_at_their_own_request(enquiry, now, drafting) -> None:
    thanks = acknowledgement(enquiry, now, drafting)
    erased = thanks.suppressed("What was held on the contact was erased at their request.")

    assert prove_letter(erased, None, []) is None
