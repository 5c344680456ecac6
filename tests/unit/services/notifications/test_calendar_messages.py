"""What people are told when the calendar changes: events in, mails and calendar files out, on both databases."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar
from sqlalchemy import select

from services.notifications.channels.base import Mail
from services.notifications.handlers import calendar as calendar_news
from services.notifications.handlers import pipeline as handlers
from services.notifications.handlers import registers
from services.notifications.handlers.telling import note_told
from services.notifications.sending.delivery import Sender
from services.notifications.sending.directory import ServiceDirectory
from services.notifications.sending.rendering import Organisation
from services.notifications.tables import messages, messaging, metadata
from shared.contracts.scheduling import (
    ExpiryNear,
    GateMemoChanged,
    HoldChanged,
    OfferMade,
    OfferSettled,
    PlannedSession,
    RunChanged,
    RunConfirmed,
    SessionRecorded,
)
from shared.errors import Refused
from shared.persistence.work import Store

REF, RUN = "KT-7F3K-92", UUID(int=1)
TOM, ANA, LEE = UUID(int=0xA1), UUID(int=0xA2), UUID(int=0xA3)
OFFER, HOLD, MEMO, NOTICE = UUID(int=0xD1), UUID(int=0xB1), UUID(int=0xF1), UUID(int=0xE1)
DOMAIN = "mail.example.org"
OPS = "ops@mail.example.org"
ABOUT = {
    "run_id": RUN,
    "reference": REF,
    "programme": "many-faces-of-trauma",
    "programme_name": "The Many Faces of Trauma",
    "establishment_id": "RSI",
    "establishment_name": "Risley (HMP)",
}
PLANNED_ON = dt.datetime(2026, 12, 4, 10, 0, tzinfo=dt.UTC)  # a Friday
LOCKDOWN = dt.datetime(2027, 3, 9, 8, 20, tzinfo=dt.UTC)  # a Tuesday, on the morning of session 9


def session(number: int, day: str, id_: int | None = None, **more: Any) -> PlannedSession:
    return PlannedSession(
        **{
            "id": UUID(int=id_ or 0x100 + number),
            "number": number,
            "date": dt.date.fromisoformat(day),
            "start": dt.time(13, 45),
            "end": dt.time(16, 45),
            "zone": "Europe/London",
            "revision": 0,
            "facilitator_ids": (TOM, ANA),
            **more,
        }
    )


EIGHT, NINE, TEN = session(8, "2027-03-02"), session(9, "2027-03-09"), session(10, "2027-03-16")
CONFIRMED = RunConfirmed(**ABOUT, facilitator_ids=(TOM, ANA), sessions=(EIGHT, NINE, TEN))
NEW_NINE = session(9, "2027-03-16", 0x209)
LATER_TEN = session(10, "2027-03-23", revision=1)
CASCADE = RunChanged(
    **ABOUT,
    change_id=UUID(int=0xC1),
    kind="cascade",
    cause="lockdown_or_incident",
    facilitator_ids=(TOM, ANA),
    left_ids=(),
    sessions=(EIGHT, NEW_NINE, LATER_TEN),
    changed_ids=(NEW_NINE.id, LATER_TEN.id),
    cancelled=(replace(NINE, revision=1),),
)
WITH_LEE = session(9, "2027-03-16", 0x209, revision=1, facilitator_ids=(TOM, LEE))
SWAP = RunChanged(
    **ABOUT,
    change_id=UUID(int=0xC2),
    kind="swap",
    cause=None,
    facilitator_ids=(TOM, ANA),
    left_ids=(ANA,),
    sessions=(EIGHT, WITH_LEE, LATER_TEN),
    changed_ids=(WITH_LEE.id,),
    cancelled=(),
)


REGISTER_OF_EIGHT = SessionRecorded(
    session_id=EIGHT.id,
    run_id=RUN,
    reference=REF,
    number=8,
    date=EIGHT.date,
    state="delivered",
    cause=None,
    party=None,
    remedy=None,
    chargeable=True,
    attended=9,
)


class Others:
    """The other services, as this one hears them; a test changes what they know."""

    def __init__(self) -> None:
        self.offer_state, self.memo_state = "open", "sent"

    def call(self, _service: str, method: str, **arguments: Any) -> Any:
        return getattr(self, method)(**arguments)

    def get_enquiry(self, reference: str) -> dict[str, Any]:
        contact = {"name": "Sam O'Neil", "email": "sam@risley.example", "status": "active"}
        asked = {"programme_name": "The Many Faces of Trauma", "establishment": "HMP Risley", "owner": "priya"}
        return {"reference": reference, "contact": contact, "standing": "filed", **asked}

    def get_facilitator(self, facilitator: str) -> dict[str, Any]:
        name = {TOM: "Tom Okafor", ANA: "Ana Reyes", LEE: "Lee Whitfield"}[UUID(facilitator)]
        return {"id": facilitator, "name": name, "email": f"{name.split()[0].lower()}@facilitators.example"}

    def get_offer_letter(self, offer: str) -> dict[str, Any]:
        assert offer == str(OFFER)
        if self.offer_state != "open":
            raise Refused("refused", f"This offer is {self.offer_state}, so nobody can answer it now.")
        days = [{"number": 2, "date": "2027-01-19", "start": "13:45", "end": "16:45"}]
        link = "https://keytalk.example/calendar/offers/signed"
        return {"link": link, "sessions": days, "answer_by": "2027-01-19T10:00:00+00:00", "role": "cover"}

    def get_memo_letter(self, memo: str) -> dict[str, Any]:
        assert memo == str(MEMO)
        pdf = base64.b64encode(b"%PDF-1.7 the memo").decode()
        return {"name": "gate-memo-KT-7F3K-92-version-1.pdf", "pdf": pdf, "state": self.memo_state}


class Channel:
    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def deliver(self, mail: Mail) -> None:
        self.mails.append(mail)

    def settle(self, _message_id: str) -> bool | None:
        return None

    def to(self, who: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.recipient.startswith(who)]


@pytest.fixture
def store(ledgers) -> Store:
    with ledgers.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return Store(ledgers, messaging, lambda: PLANNED_ON, "notifications")


@pytest.fixture
def others() -> Others:
    return Others()


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def sender(store, channel, others) -> Sender:
    return Sender(
        store=store,
        channel=channel,
        directory=ServiceDirectory(others.call, OPS),
        organisation=Organisation("Key & Compass", OPS),
        mail_from="keytalk@mail.example.org",
        lease=dt.timedelta(minutes=1),
    )


def hear(store: Store, handle: Callable[..., None], event: Any, sequence: int = 1, now: dt.datetime = PLANNED_ON):
    with replace(store, clock=lambda: now).work() as work:
        work.cause = SimpleNamespace(sequence=sequence)  # type: ignore[assignment]
        handle(work, event, DOMAIN)


def confirmed(store: Store, sequence: int = 1, now: dt.datetime = PLANNED_ON) -> None:
    """Hear of the run, and that the register of session 8 is in: nobody is asked for it."""
    hear(store, registers.when_session_recorded, REGISTER_OF_EIGHT, 1, now)
    hear(store, handlers.when_run_confirmed, CONFIRMED, sequence, now)


def changed(store: Store, event: RunChanged = CASCADE, sequence: int = 2, now: dt.datetime = LOCKDOWN) -> None:
    hear(store, calendar_news.when_run_changed, event, sequence, now)


def rows(store: Store, **chosen: Any) -> list[Any]:
    with store.database.reading() as connection:
        found = connection.execute(select(messages).order_by(messages.c.due_at)).all()
    return [row for row in found if all(getattr(row, name) == value for name, value in chosen.items())]


def reminders(store: Store) -> set[tuple[str, str, str]]:
    """Which session, on which date, whom: of the reminders that wait."""
    waiting = [row for row in rows(store, state="scheduled") if row.template.startswith("session_reminder")]
    return {(row.facts["session"]["id"][-3:], row.facts["session"]["date"], row.recipient[:11]) for row in waiting}


def files(mail: Mail) -> dict[str, dict[str, tuple[int, str]]]:
    """By method: the sequence and the local start of each event, by the end of its session's id."""
    read = {}
    for attachment in mail.attachments:
        calendar = Calendar.from_ical(attachment.content)
        assert calendar["METHOD"] == attachment.parameters["method"]
        events = calendar.walk("VEVENT")
        read[str(calendar["METHOD"])] = {
            event["UID"].partition("@")[0][-3:]: (event["SEQUENCE"], f"{event.decoded('DTSTART'):%Y-%m-%dT%H:%M}")
            for event in events
        }
    return read


class TestALockdownOnTheMorningOfWeekNine:
    @pytest.fixture
    def told(self, store, sender, channel) -> list[Mail]:
        confirmed(store)
        sender.send_due(PLANNED_ON)
        channel.mails.clear()
        changed(store)
        sender.send_due(LOCKDOWN)
        return channel.mails

    def test_everybody_is_told_at_once_in_one_mail_each(self, told, store):
        recipients = sorted(mail.recipient for mail in told)
        assert recipients == ["ana@facilitators.example", "sam@risley.example", "tom@facilitators.example"]

    def test_the_words_say_what_is_next_and_blame_nobody(self, told):
        for mail in told:
            assert " 9. Tuesday 16 March 2027, 1.45pm to 4.45pm\n    (was Tuesday 9 March" in mail.text
            assert "(was Tuesday 16 March 2027, 1.45pm to 4.45pm)" in mail.text
            assert "lockdown" not in (mail.text + mail.html).lower()
            assert OPS in mail.text

    def test_calendars_are_brought_up_to_date_under_the_same_ids_with_a_higher_sequence(self, told):
        for mail in told:
            assert files(mail) == {
                "REQUEST": {"209": (0, "2027-03-16T13:45"), "10a": (1, "2027-03-23T13:45")},
                "CANCEL": {"109": (1, "2027-03-09T13:45")},
            }

    def test_each_file_is_for_its_reader_and_asks_for_no_answer(self, told):
        for mail in told:
            for attachment in mail.attachments:
                for event in Calendar.from_ical(attachment.content).walk("VEVENT"):
                    assert event["ATTENDEE"] == f"mailto:{mail.recipient}"
                    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
                    assert event["ORGANIZER"] == f"mailto:{OPS}"
                    is_out = attachment.parameters["method"] == "CANCEL"
                    assert event["STATUS"] == ("CANCELLED" if is_out else "CONFIRMED")

    def test_reminders_follow_the_new_dates_and_no_old_one_is_left(self, told, store):
        whom = ("enquirer:KT", "facilitator")
        assert reminders(store) == {
            (id_, day, who) for id_, day in (("209", "2027-03-16"), ("10a", "2027-03-23")) for who in whom
        }
        gone = rows(store, state="superseded")
        assert {row.facts["session"]["id"][-3:] for row in gone} == {"109", "10a"}
        assert {row.why for row in gone} == {"The session was moved, is led by somebody else, or does not take place."}

    def test_heard_again_it_changes_nothing(self, told, store, sender, channel):
        before = rows(store)
        changed(store)
        sender.send_due(LOCKDOWN)

        assert len(rows(store)) == len(before)
        assert len(channel.mails) == 3


def test_a_reminder_goes_out_at_three_in_the_afternoon_also_after_the_clocks_have_changed(store):
    confirmed(store)
    # Wednesday after Easter: five days before it is Good Friday, so the first one goes on the Thursday.
    after_the_change = session(10, "2027-03-31", revision=1)
    event = replace(CASCADE, sessions=(EIGHT, NEW_NINE, after_the_change), changed_ids=(after_the_change.id,))
    changed(store, event)

    due = [
        row.due_at.isoformat()
        for row in rows(store, state="scheduled", recipient=f"enquirer:{REF}")
        if row.template == "session_reminder_contact" and row.facts["session"]["date"] == "2027-03-31"
    ]
    assert due == ["2027-03-25T15:00:00+00:00", "2027-03-30T14:00:00+00:00"]


def test_what_is_far_ahead_is_told_in_office_hours(store, sender):
    evening = dt.datetime(2027, 2, 26, 19, 0, tzinfo=dt.UTC)  # a Friday; 9 March is seven working days ahead
    confirmed(store)
    sender.send_due(PLANNED_ON)
    changed(store, now=evening)
    sender.send_due(evening)

    told = rows(store, template="run_changed_contact")
    assert {(row.state, row.due_at.isoformat()) for row in told} == {("scheduled", "2027-03-01T08:00:00+00:00")}


@pytest.mark.parametrize(
    ("now", "state"),
    [
        # Session 9 is on Tuesday 9 March: from Friday morning on that is within two working days.
        ("2027-03-04T23:00:00+00:00", "scheduled"),
        ("2027-03-05T00:30:00+00:00", "accepted"),
        ("2027-03-07T21:00:00+00:00", "accepted"),
    ],
)
def test_a_session_within_two_working_days_is_told_of_at_any_hour(store, sender, now, state):
    confirmed(store)
    sender.send_due(PLANNED_ON)
    changed(store, now=dt.datetime.fromisoformat(now))
    sender.send_due(dt.datetime.fromisoformat(now))

    assert {row.state for row in rows(store, template="run_changed_facilitator")} == {state}


def test_a_session_that_is_moved_away_from_tomorrow_is_told_of_at_any_hour_too(store, sender):
    night = dt.datetime(2027, 3, 8, 22, 0, tzinfo=dt.UTC)
    moved = session(9, "2027-05-04", revision=1)
    event = replace(CASCADE, kind="move", sessions=(EIGHT, TEN, moved), changed_ids=(moved.id,), cancelled=())
    confirmed(store)
    sender.send_due(PLANNED_ON)
    changed(store, event, now=night)
    sender.send_due(night)

    assert {row.state for row in rows(store, template="run_changed_contact")} == {"accepted"}


class TestSomebodyElseLeadsASession:
    @pytest.fixture
    def told(self, store, sender, channel) -> Channel:
        confirmed(store)
        changed(store)
        sender.send_due(LOCKDOWN)
        channel.mails.clear()
        changed(store, SWAP, 3)
        sender.send_due(LOCKDOWN + dt.timedelta(days=1))
        return channel

    def test_who_left_it_is_told_and_their_calendar_lets_go_of_it(self, told):
        [mail] = told.to("ana")
        assert "No longer yours to lead\n 9. Tuesday 16 March 2027, 1.45pm to 4.45pm\n" in mail.text
        assert files(mail) == {"CANCEL": {"209": (1, "2027-03-16T13:45")}}

    def test_who_came_gets_it(self, told):
        [mail] = told.to("lee")
        assert "New for you\n 9. Tuesday 16 March 2027, 1.45pm to 4.45pm\n" in mail.text
        assert files(mail) == {"REQUEST": {"209": (1, "2027-03-16T13:45")}}

    def test_who_stayed_and_the_contact_learn_that_the_time_is_the_same(self, told):
        for mail, words in (
            *[(m, "As before for you") for m in told.to("tom")],
            (told.to("sam")[0], "At the same time"),
        ):
            assert words in mail.text
            assert files(mail) == {"REQUEST": {"209": (1, "2027-03-16T13:45")}}
        assert len(told.to("tom")) == len(told.to("sam")) == 1

    def test_reminders_go_to_who_leads_it_now(self, told, store):
        waiting = [row for row in rows(store, state="scheduled") if row.template == "session_reminder_facilitator"]
        of_nine = {row.recipient for row in waiting if row.facts["session"]["id"].endswith("209")}
        assert of_nine == {f"facilitator:{TOM}", f"facilitator:{LEE}"}


def run_changed(number: int, sessions: tuple[PlannedSession, ...], changed: tuple[PlannedSession, ...], **more: Any):
    about = {"kind": "move", "cause": None, "facilitator_ids": (TOM, ANA), "left_ids": (), "cancelled": ()}
    of_it = {"change_id": UUID(int=0xC0 + number), "sessions": sessions, "changed_ids": tuple(s.id for s in changed)}
    return RunChanged(**ABOUT, **{**about, **of_it, **more})


class TestSeveralChangesOfOneNightWaitForTheMorning:
    """Of a run whose confirmation went out: sessions 8, 9 and 10 on 2, 9 and 16 March, led by Tom and Ana."""

    NIGHT = dt.datetime(2027, 2, 16, 21, 0, tzinfo=dt.UTC)  # a Tuesday; the office opens on Wednesday at 08:00
    MORNING = dt.datetime(2027, 2, 17, 8, 0, tzinfo=dt.UTC)

    @pytest.fixture
    def hear_of(self, store, sender, channel) -> Callable[..., None]:
        confirmed(store)
        sender.send_due(PLANNED_ON)
        channel.mails.clear()

        def hear_of(*events: RunChanged, first: int = 2) -> None:
            for sequence, event in enumerate(events, first):
                changed(store, event, sequence, self.NIGHT)
            assert set(sender.send_due(self.NIGHT)) <= {"scheduled"}
            sender.send_due(self.MORNING)

        return hear_of

    def test_a_change_that_was_taken_back_is_told_to_nobody(self, hear_of, store, channel):
        to_lee, back = replace(NINE, revision=1, facilitator_ids=(TOM, LEE)), replace(NINE, revision=2)
        swap = run_changed(1, (EIGHT, to_lee, TEN), (to_lee,), kind="swap", left_ids=(ANA,))
        taken_back = run_changed(2, (EIGHT, back, TEN), (back,), kind="reverse", left_ids=(LEE,))

        hear_of(swap, taken_back)

        assert channel.mails == []
        waited = rows(store, occasion=f"run_changed:{swap.change_id}")
        assert {(row.recipient, row.state) for row in waited} == {
            (f"enquirer:{REF}", "superseded"),
            *((f"facilitator:{each}", "superseded") for each in (TOM, ANA, LEE)),
        }
        assert {row.why for row in waited} == {"The sessions are again as they were last told."}

    @pytest.mark.parametrize("more", [False, True])
    def test_whoever_was_asked_and_may_count_on_it_learns_that_it_is_no_longer_theirs(
        self, hear_of, store, sender, channel, more
    ):
        asked = replace(MADE, first_date=NINE.date, answer_by=dt.datetime(2027, 2, 26, 12, 0, tzinfo=dt.UTC))
        hear(store, calendar_news.when_offer_made, asked, 1, PLANNED_ON)
        sender.send_due(PLANNED_ON)
        channel.mails.clear()
        to_lee, back = replace(NINE, revision=1, facilitator_ids=(TOM, LEE)), replace(NINE, revision=2)
        swap = run_changed(1, (EIGHT, to_lee, TEN), (to_lee,), kind="swap", left_ids=(ANA,))
        taken_back = run_changed(2, (EIGHT, back, TEN), (back,), kind="reverse", left_ids=(LEE,))
        late_eight = replace(EIGHT, date=dt.date(2027, 3, 3), revision=1)
        another = run_changed(3, (late_eight, back, TEN), (late_eight,), left_ids=(LEE,))

        hear_of(swap, taken_back, *([another] if more else []))

        [mail] = channel.to("lee")
        assert "No longer yours to lead\n 9. Tuesday 9 March 2027" in mail.text
        assert files(mail) == {"CANCEL": {"109": (2, "2027-03-09T13:45")}}
        assert {each.recipient[:3] for each in channel.mails} == ({"lee", "ana", "sam", "tom"} if more else {"lee"})

    def test_a_cascade_that_was_taken_back_is_told_to_nobody(self, hear_of, channel):
        back = (replace(NINE, revision=2), replace(TEN, revision=2))
        gone = (replace(NEW_NINE, revision=1),)

        hear_of(CASCADE, run_changed(2, (EIGHT, *back), back, kind="reverse", cancelled=gone))

        assert channel.mails == []

    def test_what_is_told_after_that_is_told_against_the_confirmation(self, hear_of, channel):
        back = (replace(NINE, revision=2), replace(TEN, revision=2))
        moved = replace(TEN, date=dt.date(2027, 4, 6), revision=3)
        hear_of(
            CASCADE,
            run_changed(2, (EIGHT, *back), back, kind="reverse", cancelled=(replace(NEW_NINE, revision=1),)),
            run_changed(3, (EIGHT, back[0], moved), (moved,)),
        )

        assert len(channel.mails) == 3
        for mail in channel.mails:
            assert files(mail) == {"REQUEST": {"10a": (3, "2027-04-06T13:45")}}
            assert "(was Tuesday 16 March 2027, 1.45pm to 4.45pm)" in mail.text

    def test_a_session_moved_twice_is_told_once_with_the_date_people_know(self, hear_of, store, channel):
        once = replace(TEN, date=dt.date(2027, 3, 23), revision=1)
        twice = replace(TEN, date=dt.date(2027, 4, 6), revision=2)

        hear_of(run_changed(1, (EIGHT, NINE, once), (once,)), run_changed(2, (EIGHT, NINE, twice), (twice,)))

        assert len(channel.mails) == 3
        for mail in channel.mails:
            assert files(mail) == {"REQUEST": {"10a": (2, "2027-04-06T13:45")}}
            assert "10. Tuesday 6 April 2027" in mail.text
            assert "(was Tuesday 16 March 2027, 1.45pm to 4.45pm)" in mail.text
            assert "23 March" not in mail.text
        gone = rows(store, state="superseded", occasion=f"run_changed:{UUID(int=0xC1)}")
        assert {row.why for row in gone} == {"There is newer news of these sessions, which tells this too."}

    def test_changes_of_several_sessions_come_in_one_mail_and_what_fell_out_stays_out(self, hear_of, channel):
        moved = replace(TEN, date=dt.date(2027, 3, 23), revision=1)
        out = (replace(NINE, revision=1),)

        hear_of(
            run_changed(1, (EIGHT, TEN), (), kind="cancel", cancelled=out),
            run_changed(2, (EIGHT, moved), (moved,)),
        )

        assert sorted(mail.recipient[:3] for mail in channel.mails) == ["ana", "sam", "tom"]
        for mail in channel.mails:
            assert files(mail) == {
                "REQUEST": {"10a": (1, "2027-03-23T13:45")},
                "CANCEL": {"109": (1, "2027-03-09T13:45")},
            }

    def test_taking_back_one_of_two_tells_the_other_and_does_not_speak_of_taking_back(self, hear_of, channel):
        moved = replace(TEN, date=dt.date(2027, 3, 23), revision=1)
        back = replace(NINE, revision=2)

        hear_of(
            run_changed(1, (EIGHT, TEN), (), kind="cancel", cancelled=(replace(NINE, revision=1),)),
            run_changed(2, (EIGHT, moved), (moved,)),
            run_changed(3, (EIGHT, back, moved), (back,), kind="reverse"),
        )

        assert len(channel.mails) == 3
        for mail in channel.mails:
            assert files(mail) == {"REQUEST": {"10a": (1, "2027-03-23T13:45")}}
            assert "taken back" not in mail.text + mail.html

    def test_a_session_that_came_and_fell_out_again_is_not_spoken_of(self, hear_of, channel):
        extra = session(11, "2027-03-30", 0x211, facilitator_ids=(TOM, LEE))

        hear_of(
            run_changed(1, (EIGHT, NINE, TEN, extra), (extra,), kind="make_up"),
            run_changed(2, (EIGHT, NINE, TEN), (), kind="cancel", cancelled=(replace(extra, revision=1),)),
        )

        assert channel.mails == []

    def test_a_change_after_the_mail_went_out_is_told_against_that_mail(self, hear_of, channel):
        once = replace(TEN, date=dt.date(2027, 3, 23), revision=1)
        hear_of(run_changed(1, (EIGHT, NINE, once), (once,)))
        channel.mails.clear()
        back = replace(TEN, revision=2)

        hear_of(run_changed(2, (EIGHT, NINE, back), (back,), kind="reverse"), first=3)

        assert len(channel.mails) == 3
        for mail in channel.mails:
            assert "We have taken back a change" in mail.text
            assert "(was Tuesday 23 March 2027, 1.45pm to 4.45pm)" in mail.text

    def test_whoever_was_rung_because_no_letter_came_is_told_when_it_is_taken_back(self, hear_of, store, channel):
        """To the letters it is as it was; to the contact, who believes what they heard by phone, it is not."""
        once, back = replace(TEN, date=dt.date(2027, 3, 23), revision=1), replace(TEN, revision=2)
        hear_of(run_changed(1, (EIGHT, NINE, once), (once,)))
        channel.mails.clear()
        with store.database.writing() as connection:
            lost = messages.c.template == "run_changed_contact"
            connection.execute(messages.update().where(lost).values(state="failed", accepted_at=None))
        with replace(store, clock=lambda: self.MORNING).work() as work:
            note_told(work, f"enquirer:{REF}", RUN, None, "phone", actor="priya", mail_domain=DOMAIN)

        hear_of(run_changed(2, (EIGHT, NINE, back), (back,), kind="reverse"), first=3)

        [mail] = channel.to("sam")
        assert "(was Tuesday 23 March 2027, 1.45pm to 4.45pm)" in mail.text

    def test_an_older_change_that_is_heard_of_after_it_was_taken_back_is_told_to_nobody(self, store, sender, channel):
        confirmed(store)
        sender.send_due(PLANNED_ON)
        channel.mails.clear()
        moved, back = replace(TEN, date=dt.date(2027, 3, 23), revision=1), replace(TEN, revision=2)

        changed(store, run_changed(2, (EIGHT, NINE, back), (back,), kind="reverse"), 3, self.NIGHT)
        changed(store, run_changed(1, (EIGHT, NINE, moved), (moved,)), 2, self.NIGHT)
        sender.send_due(self.MORNING)

        assert channel.mails == []


class TestAChangeBeforeTheConfirmationWentOut:
    """Confirmed in the evening and changed in the night: nobody has heard of the first dates yet."""

    NIGHT, MORNING = (getattr(TestSeveralChangesOfOneNightWaitForTheMorning, name) for name in ("NIGHT", "MORNING"))
    MOVED = replace(TEN, date=dt.date(2027, 3, 23), revision=1)

    @pytest.fixture
    def hear_of(self, store, sender, channel) -> Callable[..., None]:
        def hear_of(*events: RunChanged) -> None:
            confirmed(store, now=self.NIGHT)
            sender.send_due(self.NIGHT)
            for sequence, event in enumerate(events, 2):
                changed(store, event, sequence, self.NIGHT)
                sender.send_due(self.NIGHT)
            assert channel.mails == []
            sender.send_due(self.MORNING)

        return hear_of

    @pytest.mark.parametrize("twice", [False, True])
    def test_everybody_gets_one_mail_with_the_dates_as_they_are_now(self, hear_of, store, channel, twice):
        again = replace(TEN, date=dt.date(2027, 4, 6), revision=2)
        last = again if twice else self.MOVED

        hear_of(
            run_changed(1, (EIGHT, NINE, self.MOVED), (self.MOVED,)),
            *([run_changed(2, (EIGHT, NINE, again), (again,))] if twice else []),
        )

        assert sorted(mail.recipient[:3] for mail in channel.mails) == ["ana", "sam", "tom"]
        for mail in channel.mails:
            assert mail.subject == f"Your 3 session dates, reference {REF}"
            start = f"{last.date}T13:45"
            expected = {"108": (0, "2027-03-02T13:45"), "109": (0, "2027-03-09T13:45"), "10a": (last.revision, start)}
            assert files(mail) == {"PUBLISH": expected}
            assert "we sent" not in mail.text + mail.html
        gone = rows(store, state="superseded", occasion=f"run_confirmed:{RUN}")
        assert {row.why for row in gone} == {"There is newer news of these sessions, which tells this too."}

    def test_whoever_comes_in_by_the_change_reads_of_their_own_sessions(self, hear_of, channel):
        with_lee = replace(NINE, revision=1, facilitator_ids=(TOM, ANA, LEE))

        hear_of(run_changed(1, (EIGHT, with_lee, TEN), (with_lee,), kind="swap"))

        [mail] = channel.to("lee")
        assert files(mail) == {"REQUEST": {"109": (1, "2027-03-09T13:45")}}
        assert len(channel.mails) == 4

    def test_whoever_has_no_session_left_reads_that_and_no_date(self, hear_of, channel):
        swapped = tuple(replace(each, revision=1, facilitator_ids=(TOM, LEE)) for each in (EIGHT, NINE, TEN))

        hear_of(run_changed(1, swapped, swapped, kind="swap", facilitator_ids=(TOM, LEE), left_ids=(ANA,)))

        [mail] = channel.to("ana")
        assert "No longer yours to lead" in mail.text
        assert set(files(mail)) == {"CANCEL"}

    def test_what_is_changed_after_that_is_told_against_the_confirmation_that_went_out(
        self, hear_of, store, sender, channel
    ):
        hear_of(run_changed(1, (EIGHT, NINE, self.MOVED), (self.MOVED,)))
        channel.mails.clear()
        back = replace(TEN, revision=2)

        changed(store, run_changed(2, (EIGHT, NINE, back), (back,), kind="reverse"), 3, self.MORNING)
        sender.send_due(self.MORNING)

        assert len(channel.mails) == 3
        for mail in channel.mails:
            assert "(was Tuesday 23 March 2027, 1.45pm to 4.45pm)" in mail.text


def test_a_confirmation_tells_each_facilitator_their_own_sessions(store, sender, channel):
    with_lee = replace(NINE, facilitator_ids=(TOM, LEE))
    hear(store, handlers.when_run_confirmed, replace(CONFIRMED, sessions=(EIGHT, with_lee, TEN)))

    sender.send_due(PLANNED_ON)

    told = {who: set(files(mail)["PUBLISH"]) for who in ("tom", "ana", "lee", "sam") for mail in channel.to(who)}
    everything = {"108", "109", "10a"}
    assert told == {"tom": everything, "sam": everything, "ana": {"108", "10a"}, "lee": {"109"}}
    [to_lee] = channel.to("lee")
    assert to_lee.subject == f"Your 1 session date, reference {REF}"
    assert "session 9 of 10" in str(to_lee.attachments[0].content)


class TestOneOfTwoWhoLeadCannotCome:
    @pytest.fixture
    def told(self, store, sender, channel) -> Channel:
        confirmed(store)
        sender.send_due(PLANNED_ON)
        channel.mails.clear()
        alone = replace(TEN, facilitator_ids=(TOM,), revision=1)
        changed(store, run_changed(1, (EIGHT, NINE, alone), (alone,), kind="swap", left_ids=(ANA,)), 2, PLANNED_ON)
        sender.send_due(PLANNED_ON)
        return channel

    def test_the_contact_reads_that_one_is_missing_and_that_we_look_for_somebody(self, told):
        [mail] = told.to("sam")
        assert (
            "One of those who lead cannot come; the time stays as it is\n"
            "10. Tuesday 16 March 2027, 1.45pm to 4.45pm\n\n"
            "We are finding somebody, and will write again.\n"
        ) in mail.text
        for words in (mail.text, mail.html):
            assert "other people" not in words
            assert "somebody new" not in words
            assert "We are finding somebody" in words

    def test_so_does_whoever_stays(self, told):
        [mail] = told.to("tom")
        assert "As before for you; one of those beside you cannot come\n10. Tuesday 16 March" in mail.text
        assert "We are finding somebody, and will write again.\n" in mail.text
        assert files(mail) == {"REQUEST": {"10a": (1, "2027-03-16T13:45")}}

    def test_once_somebody_is_found_the_contact_reads_of_somebody_new(self, told, store, sender):
        told.mails.clear()
        with_lee = replace(TEN, facilitator_ids=(TOM, LEE), revision=2)
        changed(store, run_changed(2, (EIGHT, NINE, with_lee), (with_lee,), kind="swap"), 3, PLANNED_ON)
        sender.send_due(PLANNED_ON)

        [mail] = told.to("sam")
        assert "At the same time as before, with somebody new to lead\n10. Tuesday 16 March" in mail.text
        assert "cannot come" not in mail.text


def test_events_of_one_run_in_any_order_leave_the_reminders_of_the_newest(store):
    changed(store, SWAP, 3)
    changed(store, CASCADE, 2)
    confirmed(store, 1, LOCKDOWN)

    assert {(id_, day) for id_, day, _who in reminders(store)} == {("209", "2027-03-16"), ("10a", "2027-03-23")}
    of_nine = [
        row
        for row in rows(store, state="scheduled")
        if row.template.startswith("session_") and row.facts["session"]["id"].endswith("209")
    ]
    assert {row.recipient for row in of_nine} == {f"enquirer:{REF}", f"facilitator:{TOM}", f"facilitator:{LEE}"}


def test_a_change_heard_of_late_tells_only_what_a_later_one_left_as_it_was(store, sender, channel):
    confirmed(store)
    changed(store, SWAP, 3)
    sender.send_due(LOCKDOWN)
    channel.mails.clear()

    changed(store, CASCADE, 2)
    sender.send_due(LOCKDOWN)

    [mail] = channel.to("tom")
    assert files(mail) == {"REQUEST": {"10a": (1, "2027-03-23T13:45")}, "CANCEL": {"109": (1, "2027-03-09T13:45")}}


def test_a_confirmation_heard_of_late_tells_the_dates_as_they_are(store, sender, channel):
    changed(store)
    confirmed(store, 1, LOCKDOWN)
    sender.send_due(LOCKDOWN)

    [mail] = [mail for mail in channel.to("sam") if mail.attachments[0].filename == "sessions.ics"]
    assert files(mail)["PUBLISH"] == {
        "108": (0, "2027-03-02T13:45"),
        "209": (0, "2027-03-16T13:45"),
        "10a": (1, "2027-03-23T13:45"),
    }


def test_nobody_is_written_to_whom_a_change_does_not_touch(store, sender):
    by_lee = replace(TEN, facilitator_ids=(LEE,))
    hear(store, handlers.when_run_confirmed, replace(CONFIRMED, sessions=(EIGHT, NINE, by_lee)))
    sender.send_due(PLANNED_ON)
    moved = replace(by_lee, date=dt.date(2027, 3, 23), revision=1)
    event = replace(CASCADE, kind="move", sessions=(EIGHT, NINE, moved), changed_ids=(moved.id,), cancelled=())
    changed(store, event)

    told = {row.recipient for row in rows(store, occasion=f"run_changed:{event.change_id}")}
    assert told == {f"enquirer:{REF}", f"facilitator:{LEE}"}


def hold(state: str, rank: int = 1) -> HoldChanged:
    dates = {"first_date": dt.date(2027, 3, 2), "last_date": dt.date(2027, 6, 22), "expires_on": dt.date(2026, 12, 30)}
    return HoldChanged(**ABOUT, hold_id=HOLD, state=state, rank=rank, **dates)


@pytest.mark.parametrize(
    ("state", "subjects"),
    [
        ("placed", {"sam@risley.example": f"Dates held for you, reference {REF}"}),
        (
            "promoted",
            {
                "sam@risley.example": f"The dates you waited for are held for you, {REF}",
                OPS: f"A hold moved up: {REF}",
            },
        ),
        ("ending", {OPS: f"A hold ends soon: {REF}"}),
        (
            "expired",
            {"sam@risley.example": f"Your dates are no longer held, reference {REF}", OPS: f"A hold has ended: {REF}"},
        ),
        ("released", {}),
        ("converted", {}),
    ],
)
def test_news_of_a_hold_goes_once_to_those_who_do_not_know_it(store, sender, channel, state, subjects):
    for _ in range(2):
        hear(store, calendar_news.when_hold_changed, hold(state))

    sender.send_due(PLANNED_ON)

    assert {mail.recipient: mail.subject for mail in channel.mails} == subjects
    assert len(channel.mails) == len(subjects)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_a_hold_only_the_newest_is_told_in_whatever_order_it_is_heard(store, sender, channel, order):
    news, night = {1: hold("placed", 2), 2: hold("promoted")}, dt.datetime(2026, 12, 3, 22, 0, tzinfo=dt.UTC)
    for sequence in order:
        hear(store, calendar_news.when_hold_changed, news[sequence], sequence, night)

    sender.send_due(PLANNED_ON)

    assert [mail.subject for mail in channel.to("sam")] == [f"The dates you waited for are held for you, {REF}"]


def test_a_hold_that_was_released_before_its_letter_went_out_is_not_told(store, sender, channel):
    night = dt.datetime(2026, 12, 3, 22, 0, tzinfo=dt.UTC)
    hear(store, calendar_news.when_hold_changed, hold("placed"), 1, night)
    hear(store, calendar_news.when_hold_changed, hold("released"), 2, night)

    sender.send_due(PLANNED_ON)

    assert channel.mails == []
    assert [row.state for row in rows(store)] == ["superseded"]


MADE = OfferMade(
    **ABOUT,
    offer_id=OFFER,
    facilitator_id=LEE,
    kind="cover",
    first_date=dt.date(2027, 1, 19),
    session_count=1,
    answer_by=dt.datetime(2027, 1, 19, 10, 0, tzinfo=dt.UTC),
)
MONDAY_EVENING = dt.datetime(2027, 1, 18, 18, 40, tzinfo=dt.UTC)


def settled(state: str) -> OfferSettled:
    about = {"facilitator_id": LEE, "first_date": dt.date(2027, 1, 19), "session_count": 1}
    return OfferSettled(**ABOUT, offer_id=OFFER, state=state, **about)


def test_an_offer_for_tomorrow_goes_out_in_the_evening_once_and_with_its_link(store, sender, channel):
    for _ in range(2):
        hear(store, calendar_news.when_offer_made, MADE, 1, MONDAY_EVENING)

    sender.send_due(MONDAY_EVENING)

    [mail] = channel.mails
    assert mail.recipient == "lee@facilitators.example"
    for part in ("https://keytalk.example/calendar/offers/signed", "Tuesday 19 January 2027, 10am"):
        assert part in mail.text
    assert "Ana" not in mail.text + mail.html


def test_an_offer_for_later_waits_for_the_morning(store, sender, channel):
    later = replace(MADE, first_date=dt.date(2027, 3, 2), answer_by=dt.datetime(2027, 2, 1, tzinfo=dt.UTC))
    hear(store, calendar_news.when_offer_made, later, 1, MONDAY_EVENING)
    sender.send_due(MONDAY_EVENING)

    assert channel.mails == []
    assert [row.due_at.isoformat() for row in rows(store)] == ["2027-01-19T08:00:00+00:00"]


def test_an_offer_that_is_settled_by_the_time_its_letter_goes_out_is_not_sent(store, sender, channel, others):
    hear(store, calendar_news.when_offer_made, MADE, 1, MONDAY_EVENING)
    others.offer_state = "accepted"

    sender.send_due(MONDAY_EVENING)

    assert channel.mails == []
    [row] = rows(store)
    assert (row.state, row.why) == ("suppressed", "This offer is accepted, so nobody can answer it now.")


@pytest.mark.parametrize("state", ["accepted", "declined", "lapsed", "withdrawn"])
def test_ops_reads_what_became_of_an_offer_and_whose_it_was(store, sender, channel, state):
    hear(store, calendar_news.when_offer_made, MADE, 1, MONDAY_EVENING)
    sender.send_due(MONDAY_EVENING)
    channel.mails.clear()
    for _ in range(2):
        hear(store, calendar_news.when_offer_settled, settled(state), 2, MONDAY_EVENING)

    sender.send_due(MONDAY_EVENING)

    [ours] = channel.to("ops")
    assert ours.subject == f"Offer {state}: {REF}"
    assert "Facilitator: Lee Whitfield\n" in ours.text
    theirs = [mail.subject for mail in channel.to("lee")]
    assert theirs == ([f"No answer needed any more, reference {REF}"] if state == "withdrawn" else [])


def test_an_offer_that_was_withdrawn_before_its_letter_went_out_is_not_spoken_of(store, sender, channel):
    later = replace(MADE, first_date=dt.date(2027, 3, 2), answer_by=dt.datetime(2027, 2, 1, tzinfo=dt.UTC))
    hear(store, calendar_news.when_offer_made, later, 1, MONDAY_EVENING)
    hear(store, calendar_news.when_offer_settled, settled("withdrawn"), 2, MONDAY_EVENING)

    sender.send_due(MONDAY_EVENING + dt.timedelta(days=1))

    assert [mail.recipient for mail in channel.mails] == [OPS]


def test_an_offer_heard_of_after_its_withdrawal_is_not_made(store, sender, channel):
    hear(store, calendar_news.when_offer_settled, settled("withdrawn"), 2, MONDAY_EVENING)
    hear(store, calendar_news.when_offer_made, MADE, 1, MONDAY_EVENING)

    assert [row.template for row in rows(store, recipient=f"facilitator:{LEE}")] == ["offer_withdrawn_facilitator"]


def test_what_ends_soon_is_told_once_to_its_holder_and_to_ops_in_office_hours(store, sender, channel):
    event = ExpiryNear(
        notice_id=NOTICE,
        facilitator_id=ANA,
        what="clearance",
        establishment_id="RSI",
        establishment_name="Risley (HMP)",
        valid_until=dt.date(2027, 3, 19),
        days_left=90,
        sessions_after=6,
    )
    saturday = dt.datetime(2026, 12, 19, 15, 0, tzinfo=dt.UTC)
    for _ in range(2):
        hear(store, calendar_news.when_expiry_near, event, 1, saturday)

    sender.send_due(saturday)
    assert channel.mails == []
    assert {row.due_at.isoformat() for row in rows(store)} == {"2026-12-21T08:00:00+00:00"}
    sender.send_due(dt.datetime(2026, 12, 21, 8, 0, tzinfo=dt.UTC))

    [hers], [ours] = channel.to("ana"), channel.to("ops")
    assert len(channel.mails) == 2
    for part in ("Risley (HMP)", "Friday 19 March 2027", "Six of your sessions are after that day."):
        assert part in hers.text
    for part in ("Ana Reyes", "clearance", "Sessions after that day: 6"):
        assert part in ours.text


def memo(state: str, version: int = 1) -> GateMemoChanged:
    dates = {"first_date": dt.date(2027, 1, 12), "due_on": dt.date(2026, 12, 23)}
    return GateMemoChanged(**ABOUT, memo_id=MEMO, state=state, version=version, **dates)


def test_a_gate_memo_goes_to_the_contact_with_its_paper(store, sender, channel):
    for _ in range(2):
        hear(store, calendar_news.when_gate_memo_changed, memo("sent"))

    sender.send_due(PLANNED_ON)

    [mail] = channel.mails
    [paper] = mail.attachments
    assert mail.recipient == "sam@risley.example"
    assert (paper.filename, paper.content_type) == ("gate-memo-KT-7F3K-92-version-1.pdf", "application/pdf")
    assert paper.content == b"%PDF-1.7 the memo"


@pytest.mark.parametrize("first_goes_out", [True, False])
def test_a_gate_memo_takes_the_place_of_another_only_where_one_was_received(
    store, sender, channel, others, first_goes_out
):
    others.memo_state = "sent" if first_goes_out else "out_of_date"
    hear(store, calendar_news.when_gate_memo_changed, memo("sent"))
    sender.send_due(PLANNED_ON)
    channel.mails.clear()
    others.memo_state = "sent"
    second = UUID(int=0xF2)
    others.get_memo_letter = lambda memo: Others.get_memo_letter(others, str(MEMO) if memo == str(second) else memo)
    hear(store, calendar_news.when_gate_memo_changed, replace(memo("sent", 2), memo_id=second))
    sender.send_due(PLANNED_ON)

    [mail] = channel.mails
    for words in (mail.text, mail.html):
        assert ("Here is a new gate memo. It takes the place of the one before." in words) == first_goes_out
        assert ("Here is the gate memo: who comes in, when, and with what." in words) != first_goes_out


@pytest.mark.parametrize("state", ["out_of_date", "refused"])
def test_a_gate_memo_that_no_longer_holds_is_not_sent(store, sender, channel, others, state):
    hear(store, calendar_news.when_gate_memo_changed, memo("sent"))
    others.memo_state = state

    sender.send_due(PLANNED_ON)

    assert channel.mails == []
    assert [(row.state, row.why) for row in rows(store)] == [("suppressed", "Something it says has changed meanwhile.")]


def test_a_memo_that_is_out_of_date_is_told_to_ops_and_an_approved_one_to_nobody(store, sender, channel):
    for state in ("out_of_date", "out_of_date", "approved", "refused"):
        hear(store, calendar_news.when_gate_memo_changed, memo(state))

    sender.send_due(PLANNED_ON)

    assert [(mail.recipient, mail.subject) for mail in channel.mails] == [(OPS, f"A gate memo is out of date: {REF}")]
