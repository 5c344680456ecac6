"""Every template there is: what it is for, who reads it, and what may be written in it. Nothing in it is personal.

The samples are what a preview and the checks of an edit are made with where no real message is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Audience(StrEnum):
    """Who reads a message."""

    CONTACT = "contact"
    FACILITATOR = "facilitator"
    OPS = "ops"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One fact that a template may say: its name, what it is in plain words, and a sample of it.

    `needed`: its readers cannot do without it, so an edit keeps it. `in_subject`: it gives nothing away in an inbox
    that several people read. `typed`: somebody outside may have typed it, so it is written through `plain`, which keeps
    links out. `may_lack`: it is not always known, and is empty then. `asked`: it is not in the ledger, but asked for as
    the message goes out.
    """

    name: str
    what: str
    sample: Any
    needed: bool = False
    in_subject: bool = False
    typed: bool = False
    may_lack: bool = False
    asked: bool = False


@dataclass(frozen=True, slots=True)
class TemplateEntry:
    """One template. `turns` are samples that differ from the usual one, each by some facts: its words take turns."""

    name: str
    audience: Audience
    purpose: str
    placeholders: tuple[Placeholder, ...]
    turns: tuple[Mapping[str, Any], ...] = field(default=())

    def samples(self) -> Iterator[dict[str, Any]]:
        """Give the facts of sample messages: the usual one, one for each turn, one in which little is known."""
        usual = {each.name: each.sample for each in self.placeholders}
        yield usual
        for turn in self.turns:
            yield {**usual, **turn}
        if self.lacking():
            yield usual | self.lacking()

    def lacking(self) -> dict[str, Any]:
        """Give what may not be known, each fact as None: a template always finds its name."""
        return dict.fromkeys(each.name for each in self.placeholders if each.may_lack)

    def asked_for(self) -> dict[str, Any]:
        """Give samples of what is asked for as a message goes out."""
        return {each.name: each.sample for each in self.placeholders if each.asked}

    def names(self) -> frozenset[str]:
        """Give the names of its placeholders."""
        return frozenset(each.name for each in self.placeholders)


NAME = Placeholder(
    "name",
    "The reader's name. The greeting says it already.",
    "Sam O'Neil",
    typed=True,
    may_lack=True,
    asked=True,
)
ORGANISATION = Placeholder(
    "organisation",
    "Us: organisation.name, .email and .phone; organisation.people is how we name people in prison.",
    {
        "name": "Key & Compass",
        "email": "hello@keytalk.example",
        "phone": "01632 960000",
        "people": "people in prison",
    },
    in_subject=True,
)
REFERENCE = Placeholder("reference", "The reference of the enquiry.", "KT-7F3K-92", needed=True, in_subject=True)
ENQUIRY = Placeholder("enquiry", "The reference of the enquiry.", "KT-7F3K-92", needed=True, in_subject=True)
PROGRAMME = Placeholder("programme", "The name of the programme.", "The Many Faces of Trauma")
ESTABLISHMENT = Placeholder(
    "establishment", "The name of the place, perhaps as somebody typed it.", "Risley (HMP)", typed=True
)
OWNER = Placeholder("owner", "The colleague who has the enquiry.", "priya", may_lack=True, asked=True)
RUN = Placeholder("run", "The id of the run, for commands.", "0192f0c8-0000-7000-8000-000000000000")
FIRST_DATE = Placeholder("first_date", "The date of the first session.", "2027-01-12", needed=True, in_subject=True)
LAST_DATE = Placeholder("last_date", "The date of the last session.", "2027-04-27", needed=True, in_subject=True)
EXPIRES_ON = Placeholder("expires_on", "The last day of the hold.", "2026-12-08", needed=True, in_subject=True)
SINCE = Placeholder("since", "When the wait began: date and time.", "2026-11-20T09:30:00+00:00", in_subject=True)
SESSION_COUNT = Placeholder("session_count", "How many sessions it is about.", 3, in_subject=True)

_TIMES = {"start": "13:45", "end": "16:45"}
_FIRST = {"number": 1, "date": "2027-01-12", **_TIMES}
_SECOND = {"number": 2, "date": "2027-01-19", **_TIMES}
_THIRD = {"number": 3, "date": "2027-01-27", **_TIMES, "was": {"date": "2027-01-26", **_TIMES}}
_FOURTH = {"number": 4, "date": "2027-02-02", **_TIMES}
_FIFTH = {"number": 5, "date": "2027-02-09", **_TIMES}
_SIXTH = {"number": 6, "date": "2027-02-16", **_TIMES}

SESSIONS = Placeholder(
    "sessions",
    "The sessions: write {{ dates(sessions) }} for all of them.",
    [_FIRST, _SECOND, _FOURTH],
    needed=True,
    in_subject=True,
)
SESSION = Placeholder(
    "session",
    "The session: session.number, session.date; write {{ times(session) }} for its times.",
    _FIRST,
    needed=True,
    in_subject=True,
)
SESSION_BY_ID = Placeholder(
    "session",
    "The session: session.number, session.date, and session.id for commands; write {{ times(session) }} for its times.",
    {**_FIRST, "id": "0192f0c8-0000-7000-8000-000000000001"},
    needed=True,
    in_subject=True,
)
MODE = Placeholder("mode", 'How it is held: "in_person" or "remote".', "in_person", may_lack=True)
REPORT_MINUTES = Placeholder("report_minutes", "How many minutes before it people report at the gate.", 60, asked=True)
ARRIVE_BY = Placeholder("arrive_by", "The time by which that is: {{ arrive_by | time_words }}.", "12:45", asked=True)
HAS_MEMO = Placeholder("has_memo", "Whether the prison has approved a gate memo for it.", True, asked=True)
OFFSET = Placeholder("offset", "How long since the last session.", "6 weeks", in_subject=True)
AGAIN = Placeholder("again", "Whether we have asked before.", False)
IS_NEAR = Placeholder("again", "Whether another reminder of it comes before this one.", False, may_lack=True)
OF = Placeholder("of", "How many sessions there are in all.", 16, in_subject=True)
VERSION = Placeholder("version", "Which edition of the dates it is: 1 is the first.", 1)
FACILITATORS = Placeholder("facilitators", "Those who lead: {{ facilitators | length }} counts them.", ["a", "b"])
KIND_OF_CHANGE = Placeholder("kind", 'What was done: "reverse" where a change was taken back.', "cascade")
CANCELLED = Placeholder("cancelled", "Sessions that do not take place.", [_FIFTH], needed=True)
MOVED = Placeholder("moved", "Sessions at another time: write {{ moves(moved) }}.", [_THIRD], needed=True)
NEW = Placeholder("new", "Sessions that are new.", [_FOURTH], needed=True)
REGROUPED = Placeholder(
    "regrouped",
    "Sessions that others lead: regrouped | covered, by somebody new; regrouped | uncovered, with somebody missing.",
    [_FIRST, {**_SECOND, "missing": 1}],
    needed=True,
)
LOST = Placeholder("lost", "Sessions that the reader does not lead any more.", [_SIXTH], needed=True)

_WORKBOOKS = {"item": "personal workbooks", "quantity": 12, "counted": False, "sharp": False, "until": None}
_NEEDLES = {"item": "acupuncture needles", "quantity": 120, "counted": True, "sharp": True, "until": None}
AGREED = Placeholder("agreed", "What may come in: write {{ kit(agreed) }}.", [_WORKBOOKS], needed=True, asked=True)
TO_AGREE = Placeholder(
    "to_agree", "What is not agreed yet: write {{ kit(to_agree) }}.", [_NEEDLES], needed=True, asked=True
)
REFUSED = Placeholder("refused", "What the prison said no to: write {{ kit(refused) }}.", [], asked=True)

_ABOUT_AN_ENQUIRY = (REFERENCE, replace(PROGRAMME, asked=True), replace(ESTABLISHMENT, asked=True))
_ABOUT_A_RUN = (ENQUIRY, PROGRAMME, ESTABLISHMENT)
_HOLD = (*_ABOUT_A_RUN, FIRST_DATE, LAST_DATE)
_CHANGE = (*_ABOUT_A_RUN, KIND_OF_CHANGE, CANCELLED, MOVED, NEW, REGROUPED)
_PAPERS = (
    Placeholder("what", 'What ends: "clearance", "keys", "insurance", "accreditation".', "clearance", in_subject=True),
    Placeholder("accreditation", "Which accreditation, where it is one.", None, may_lack=True),
    Placeholder(
        "establishment", "The name of the place, where it is for one.", "Risley (HMP)", typed=True, may_lack=True
    ),
    Placeholder("valid_until", "Its last day.", "2027-03-19", needed=True, in_subject=True),
    Placeholder("sessions_after", "How many sessions come after that day.", 6),
)
_PAPERS_TURNS: tuple[Mapping[str, Any], ...] = (
    {"what": "insurance", "establishment": None, "sessions_after": 0},
    {"what": "accreditation", "accreditation": "NADA", "establishment": None, "sessions_after": 1},
    {"what": "keys", "sessions_after": 12},
)
_AGREED = (
    Placeholder("agreed_units", "How many units were agreed.", 16, needed=True),
    Placeholder("unit", 'What a unit is: "session" or "place".', "session"),
)
_ONE_PLACE = {"unit": "place", "agreed_units": 1}


def _entry(
    name: str,
    audience: Audience,
    purpose: str,
    placeholders: tuple[Placeholder, ...],
    turns: tuple[Mapping[str, Any], ...] = (),
) -> TemplateEntry:
    return TemplateEntry(name, audience, purpose, (*placeholders, NAME, ORGANISATION), turns)


_TO_CONTACTS = (
    _entry(
        "enquiry_received",
        Audience.CONTACT,
        "Thanks for an enquiry, at once.",
        (
            *_ABOUT_AN_ENQUIRY,
            Placeholder("group_size", "How many people they think of.", 12, may_lack=True, asked=True),
            Placeholder(
                "preferred_start", "The date they would like to begin.", "2027-01-12", may_lack=True, asked=True
            ),
        ),
    ),
    _entry(
        "reply_written",
        Audience.CONTACT,
        "Carries the words that a colleague wrote.",
        (
            *_ABOUT_AN_ENQUIRY,
            Placeholder(
                "words",
                "What the colleague wrote: words | wrapped in the text, words | paragraphs in the page.",
                "Thank you for writing.\nTuesdays would suit us well.\n\nWould two in the afternoon suit you?",
                needed=True,
                asked=True,
            ),
        ),
    ),
    _entry(
        "answer_awaited_first_nudge",
        Audience.CONTACT,
        "Asks kindly how things stand, 5 working days after we wrote.",
        (*_ABOUT_AN_ENQUIRY, SINCE),
    ),
    _entry(
        "answer_awaited_second_nudge",
        Audience.CONTACT,
        "Asks once more, 10 working days after we wrote, and says that it is the last letter for now.",
        (*_ABOUT_AN_ENQUIRY, SINCE),
    ),
    _entry(
        "proposal_sent",
        Audience.CONTACT,
        "Gives the link to a proposal.",
        (
            *_ABOUT_AN_ENQUIRY,
            Placeholder(
                "link",
                "The address of the proposal's own page.",
                "https://keytalk.example/proposals/0192f0c8-0000-7000-8000-000000000000/sample",
                needed=True,
                asked=True,
            ),
            Placeholder("total", "What it costs in all.", "£4,000", needed=True, asked=True),
            Placeholder("valid_until", "The last day on which it holds.", "2026-12-24", needed=True, in_subject=True),
        ),
    ),
    _entry(
        "proposal_reminder",
        Audience.CONTACT,
        "Says, 20 days after it went out, that a proposal is still open.",
        (*_ABOUT_AN_ENQUIRY, SINCE),
    ),
    _entry("proposal_accepted", Audience.CONTACT, "Thanks whoever accepted a proposal.", _ABOUT_AN_ENQUIRY),
    _entry("proposal_declined", Audience.CONTACT, "Thanks whoever declined a proposal.", _ABOUT_AN_ENQUIRY),
    _entry(
        "proposal_withdrawn",
        Audience.CONTACT,
        "Says that a proposal which they had was taken back.",
        _ABOUT_AN_ENQUIRY,
    ),
    _entry(
        "agreement_signed",
        Audience.CONTACT,
        "Says that both sides have signed.",
        (*_ABOUT_AN_ENQUIRY, *_AGREED),
        (_ONE_PLACE,),
    ),
    _entry(
        "hold_placed_contact",
        Audience.CONTACT,
        "Says that dates are kept free, or who is next for them.",
        (*_HOLD, EXPIRES_ON, Placeholder("rank", "The place in line: 1 has the dates.", 1)),
        ({"rank": 2},),
    ),
    _entry(
        "hold_promoted_contact",
        Audience.CONTACT,
        "Says that dates somebody waited for are kept for them now.",
        (*_HOLD, EXPIRES_ON),
    ),
    _entry("hold_expired_contact", Audience.CONTACT, "Says that dates are kept no longer.", _HOLD),
    _entry(
        "run_confirmed_contact",
        Audience.CONTACT,
        "Confirms all dates, with a calendar file.",
        (*_ABOUT_A_RUN, SESSIONS, FACILITATORS, VERSION),
        ({"version": 2, "facilitators": ["a"]},),
    ),
    _entry(
        "run_changed_contact",
        Audience.CONTACT,
        "Says what is different in the sessions, once a change.",
        _CHANGE,
        (
            {"kind": "reverse", "cancelled": [], "moved": []},
            {"new": [], "moved": [], "regrouped": [{**_SECOND, "missing": 2}]},
        ),
    ),
    _entry(
        "gate_memo_sent_contact",
        Audience.CONTACT,
        "Sends the gate memo, as a PDF.",
        (
            *_ABOUT_A_RUN,
            FIRST_DATE,
            Placeholder("takes_place_of_another", "Whether they had one before.", False, may_lack=True),
        ),
        ({"takes_place_of_another": True},),
    ),
    _entry(
        "session_reminder_contact",
        Audience.CONTACT,
        "Reminds of a session, 5 days and 1 day before.",
        (*_ABOUT_A_RUN, SESSION, OF, MODE, ARRIVE_BY, IS_NEAR),
        ({"mode": "remote"}, {"again": True}),
    ),
    _entry(
        "delegate_names_contact",
        Audience.CONTACT,
        "Asks the prison who takes part in staff training, 10 working days before it begins.",
        (*_ABOUT_A_RUN, SESSION),
    ),
    _entry(
        "kit_list_contact",
        Audience.CONTACT,
        "Says what a run brings in, 15 working days before it begins, and asks about what is not agreed yet.",
        (*_ABOUT_A_RUN, SESSION, AGREED, TO_AGREE, REFUSED),
        (
            {"to_agree": []},
            {"agreed": [], "to_agree": [_NEEDLES, {**_WORKBOOKS, "until": "2027-03-12"}]},
            {"refused": [_NEEDLES], "to_agree": []},
        ),
    ),
    _entry(
        "rolling_confirmation_contact",
        Audience.CONTACT,
        "Lists the sessions of the next eight weeks, every four weeks while a run goes on, and asks what has changed.",
        (*_ABOUT_A_RUN, SESSIONS),
        ({"sessions": [_SIXTH]},),
    ),
    _entry(
        "feedback_contact",
        Audience.CONTACT,
        "Asks how the sessions were, a day after the last one and once more after a week.",
        (*_ABOUT_A_RUN, SESSION, AGAIN),
        ({"again": True},),
    ),
    _entry(
        "check_in_contact",
        Audience.CONTACT,
        "Asks how things are, 6 weeks and 3 months after the last session.",
        (*_ABOUT_A_RUN, SESSION, OFFSET),
        ({"offset": "3 months"},),
    ),
    _entry(
        "digest",
        Audience.CONTACT,
        "Tells in one mail a day what there is to tell, to whoever asked for that.",
        (
            Placeholder("day", "The day of the digest.", "2026-11-26", in_subject=True),
            Placeholder(
                "parts",
                "What is told: part.subject, part.text, and part.html for the page.",
                [
                    {
                        "subject": "Session 1 of 16, Tuesday 12 January 2027",
                        "text": "This is a reminder of session 1 of 16.",
                        "html": "This is a reminder of session 1 of 16.",
                    }
                ],
                needed=True,
                asked=True,
            ),
        ),
    ),
)

_TO_FACILITATORS = (
    _entry(
        "offer_made_facilitator",
        Audience.FACILITATOR,
        "Asks whether they would lead some sessions.",
        (
            *_ABOUT_A_RUN,
            replace(SESSION_COUNT, sample=1),
            replace(FIRST_DATE, needed=False),
            Placeholder("kind", 'Why we ask: "cover" for stepping in, "regular" for a new team.', "cover"),
            Placeholder("sessions", "The sessions: write {{ dates(sessions) }}.", [_FIRST], needed=True, asked=True),
            Placeholder(
                "answer_by",
                "Until when we ask for an answer.",
                "2027-01-12T10:00:00+00:00",
                needed=True,
                in_subject=True,
            ),
            Placeholder(
                "link",
                "The address of the offer's own page.",
                "https://keytalk.example/offers/0192f0c8-0000-7000-8000-000000000000/sample",
                needed=True,
                asked=True,
            ),
        ),
        ({"kind": "regular", "session_count": 3, "sessions": [_FIRST, _SECOND, _FOURTH]},),
    ),
    _entry(
        "offer_withdrawn_facilitator",
        Audience.FACILITATOR,
        "Says that an offer needs no answer any more.",
        (*_ABOUT_A_RUN, SESSION_COUNT, FIRST_DATE),
        ({"session_count": 1},),
    ),
    _entry(
        "run_confirmed_facilitator",
        Audience.FACILITATOR,
        "Confirms all dates to whoever leads them, with a calendar file.",
        (*_ABOUT_A_RUN, SESSIONS, VERSION),
        ({"version": 2},),
    ),
    _entry(
        "run_changed_facilitator",
        Audience.FACILITATOR,
        "Says what is different for whoever leads sessions, once a change.",
        (*_CHANGE, LOST),
        (
            {"kind": "reverse", "cancelled": [], "moved": []},
            {"new": [], "moved": [], "lost": [], "regrouped": [{**_SECOND, "missing": 2}]},
        ),
    ),
    _entry(
        "session_reminder_facilitator",
        Audience.FACILITATOR,
        "Reminds of a session, with what to bring and when to be there.",
        (*_ABOUT_A_RUN, SESSION, OF, MODE, REPORT_MINUTES, ARRIVE_BY),
        ({"mode": "remote"}, {"report_minutes": 90, "arrive_by": "12:15"}),
    ),
    _entry(
        "session_brief_facilitator",
        Audience.FACILITATOR,
        "The last word before a session: when to be there, the gate, the kit, what comes after.",
        (*_ABOUT_A_RUN, SESSION, OF, MODE, REPORT_MINUTES, ARRIVE_BY, HAS_MEMO),
        ({"mode": "remote"}, {"report_minutes": 90, "arrive_by": "12:15"}, {"has_memo": False}),
    ),
    _entry(
        "register_due_facilitator",
        Audience.FACILITATOR,
        "Asks for the counts of a session, on its evening.",
        (*_ABOUT_A_RUN, SESSION, OF),
    ),
    _entry(
        "register_nudge_facilitator",
        Audience.FACILITATOR,
        "Asks once more for the counts of a session, the day after.",
        (*_ABOUT_A_RUN, SESSION, OF),
    ),
    _entry(
        "expiry_near_facilitator",
        Audience.FACILITATOR,
        "Says that a paper of theirs ends soon.",
        _PAPERS,
        _PAPERS_TURNS,
    ),
)

_TO_OPS = (
    _entry("enquiry_received_ops", Audience.OPS, "Says that an enquiry has come.", _ABOUT_AN_ENQUIRY),
    _entry(
        "first_reply_due_ops",
        Audience.OPS,
        "Says that an enquirer still waits for a person's answer.",
        (
            *_ABOUT_AN_ENQUIRY,
            OWNER,
            Placeholder("step", '"due", or "late" once it is past.', "due"),
            Placeholder("due_at", "Until when we said we answer.", "2026-11-26T17:00:00+00:00", needed=True),
        ),
        ({"step": "late"},),
    ),
    _entry(
        "call_to_offer_ops",
        Audience.OPS,
        "Says that a call may help, 15 working days after we wrote.",
        (*_ABOUT_AN_ENQUIRY, OWNER, SINCE),
    ),
    _entry(
        "daily_summary_ops",
        Audience.OPS,
        "Says, each working morning, what is due and who was not told.",
        (
            Placeholder("day", "The day it is.", "2026-11-26", in_subject=True),
            Placeholder("due_today", "How many messages are due today.", 12, needed=True),
            Placeholder("failed", "How many could not be sent since the last summary.", 1, needed=True),
            Placeholder("unknown", "Of how many nobody can say whether they arrived.", 1, needed=True),
            Placeholder("bounced", "How many came back.", 2, needed=True),
            Placeholder("missed", "How many came too late to be sent.", 3, needed=True),
        ),
        (
            {"due_today": 0, "failed": 1, "unknown": 0, "bounced": 0, "missed": 0},
            {"due_today": 1, "failed": 0, "unknown": 0, "bounced": 0, "missed": 0},
        ),
    ),
    _entry(
        "quarantine_digest_ops",
        Audience.OPS,
        "Says, once a day, how many enquiries are held back.",
        (Placeholder("waiting", "How many are held back.", 3, needed=True, in_subject=True, asked=True),),
        ({"waiting": 1},),
    ),
    _entry(
        "intake_alarm_ops",
        Audience.OPS,
        "Says that the way in for enquiries needs a look.",
        (Placeholder("kind", 'What was seen: "canary", "silence" or "ledger".', "canary"), SINCE),
        ({"kind": "silence"}, {"kind": "ledger"}),
    ),
    _entry(
        "proposal_settled_ops",
        Audience.OPS,
        "Says what became of a proposal.",
        (
            *_ABOUT_AN_ENQUIRY,
            OWNER,
            Placeholder("outcome", '"accepted", "declined", "expired" or "withdrawn".', "accepted", in_subject=True),
            Placeholder("version", "Which version of the proposal.", 1, in_subject=True),
        ),
        ({"outcome": "declined"}, {"outcome": "expired"}, {"outcome": "withdrawn"}),
    ),
    _entry(
        "agreement_signed_ops",
        Audience.OPS,
        "Says that both sides have signed.",
        (*_ABOUT_AN_ENQUIRY, OWNER, *_AGREED),
        (_ONE_PLACE,),
    ),
    _entry(
        "hold_changed_ops",
        Audience.OPS,
        "Says that a hold moved up, ends soon or has ended.",
        (
            *_ABOUT_AN_ENQUIRY,
            FIRST_DATE,
            LAST_DATE,
            EXPIRES_ON,
            OWNER,
            RUN,
            Placeholder("state", '"promoted", "ending" or "expired".', "promoted"),
        ),
        ({"state": "ending"}, {"state": "expired"}),
    ),
    _entry(
        "offer_settled_ops",
        Audience.OPS,
        "Says what became of an offer to a facilitator.",
        (
            *_ABOUT_AN_ENQUIRY,
            SESSION_COUNT,
            FIRST_DATE,
            RUN,
            Placeholder("state", '"accepted", "declined", "withdrawn" or "lapsed".', "accepted", in_subject=True),
            Placeholder("facilitator_name", "The facilitator's name.", "Ana Reyes", may_lack=True, asked=True),
        ),
        ({"state": "declined"}, {"state": "withdrawn"}, {"state": "lapsed"}),
    ),
    _entry(
        "gate_memo_out_of_date_ops",
        Audience.OPS,
        "Says that something a gate memo names has changed.",
        (
            *_ABOUT_AN_ENQUIRY,
            OWNER,
            RUN,
            FIRST_DATE,
            Placeholder("due_on", "The day on which the memo is due.", "2026-12-23", needed=True, in_subject=True),
        ),
    ),
    _entry(
        "register_late_ops",
        Audience.OPS,
        "Says that nobody has told the counts of a session, 3 working days after it.",
        (*_ABOUT_A_RUN, SESSION_BY_ID, OF),
    ),
    _entry(
        "expiry_near_ops",
        Audience.OPS,
        "Says that a facilitator's paper ends soon.",
        (
            *_PAPERS,
            Placeholder(
                "facilitator",
                "The facilitator's id, for commands.",
                "0192f0c8-0000-7000-8000-0000000000aa",
                needed=True,
            ),
            Placeholder("facilitator_name", "The facilitator's name.", "Ana Reyes", may_lack=True, asked=True),
        ),
        _PAPERS_TURNS,
    ),
)

CATALOGUE: Mapping[str, TemplateEntry] = {
    entry.name: entry for entry in sorted((*_TO_CONTACTS, *_TO_FACILITATORS, *_TO_OPS), key=lambda entry: entry.name)
}
"""Every template by its name."""
