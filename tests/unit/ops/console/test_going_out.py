"""What a change writes to people is shown before it is made, with what was typed kept either way."""

from __future__ import annotations

import re

import pytest

from ops.console.words import listed, offset
from ops.telling import letter_name
from shared.errors import Refused
from tests.unit.ops.telling_cast import telling

RUN, SESSION = "0192f0c8-0000-7000-8000-000000000001", "0192f0c8-0000-7000-8000-000000000002"
OFFER = "0192f0c8-0000-7000-8000-000000000003"
ANA, LEE = {"id": "f-1", "name": "Ana <b>Reyes</b>"}, {"id": "f-2", "name": "Lee Whitfield"}
RISLEY = {"id": "RSI", "name": "Risley (HMP)"}
ENQUIRY = {
    "reference": "KT-7F3K-92",
    "establishment": "HMP Risley",
    "message": "We have a <script>quiet</script> room.",
    "contact": {"name": "Alex Morgan", "email": "alex@risley.example", "status": "active"},
}
SAT = {
    "number": 3, "date": "2027-01-26", "start": "13:45", "end": "16:00", "enquiry": "KT-7F3K-92",
    "facilitators": [LEE], "lacks": 1, "can": [{"name": "Bo"}],
}  # fmt: skip
ANSWERS = {
    "get_enquiry": ENQUIRY,
    "confirm_run": {"establishment": RISLEY, "programme_name": "Many Faces", "enquiry": "KT-7F3K-92",
                    "sessions": [{"state": state} for state in ("planned", "cancelled")]},
    "place_hold": {"establishment": RISLEY, "enquiry": "KT-7F3K-92", "rank": 2, "expires_on": None,
                   "waits_for": [{"establishment": {"name": "Styal (HMP)"}}]},
    "get_hold": {"establishment": RISLEY, "rank": 1, "expires_on": "2027-01-12",
                 "waiting_behind": [{"establishment": {"name": "Styal (HMP)"}}]},
    "list_runs": [{"run": RUN}],
    "get_run": {"hold": {"hold": OFFER, "rank": 1, "expires_on": "2027-01-12"}},
    "plan_run": {"run": RUN},
    "make_offer": {"facilitator": LEE, "sessions": [SAT], "answer_by": "2027-01-20T12:00:00+00:00"},
    "withdraw_from_session": {"sessions": [SAT]},
    "list_facilitators": [ANA, LEE],
    "send_memo": {"establishment": "Risley (HMP)", "version": 2, "reference": "KT-7F3K-92"},
    "get_proposal": {"version": 1, "state": "sent", "reference": "KT-7F3K-92"},
    "resend_message": {"template": "run_confirmed_contact", "recipient": "enquirer:KT-7F3K-92", "id": OFFER,
                       "goes_at": "2027-01-20T12:00:00+00:00"},
    "sign_agreement": {"signatures": [{"side": "prison"}]},
    "list_data_requests": [],
    "list_contacts": [{"name": "Alex Morgan", "email": "alex@risley.example", "organisation": None}],
    **{f"{what}_offer": {"facilitator": LEE, "establishment": RISLEY, "enquiry": "KT-7F3K-92"}
       for what in ("accept", "decline", "withdraw")},
    **{done: {} for done in ("reply_to_enquiry", "send_proposal", "accept_proposal", "decline_proposal",
                             "withdraw_proposal", "release_enquiry", "release_hold")},
    "erase_person": {"erased": {}, "due_on": "2027-02-12", "kept": []},
}  # fmt: skip
AT_ENQUIRY, AT_RUN = "/enquiries/KT-7F3K-92", f"/runs/{RUN}"
AT_SESSION, AT_PROPOSAL = f"{AT_RUN}/sessions/{SESSION}", f"{AT_ENQUIRY}/proposals/p-1"
NOT_KNOWN = ("why", "next_attempt_at", "useful_until", "accepted_at", "template_version", "digest")
CONTACT, ANAS, LEES, TEAM = "enquirer:KT-7F3K-92", "facilitator:f-1", "facilitator:f-2", "ops"
TOLD = {
    "reply_to_enquiry": [(CONTACT, "reply_written")],
    "send_proposal": [(CONTACT, "proposal_sent")],
    **{f"{what}_proposal": [(CONTACT, "proposal_settled"), (TEAM, "proposal_settled_ops")]
       for what in ("accept", "decline", "withdraw")},
    "sign_agreement": [(CONTACT, "agreement_signed")],
    "release_enquiry": [(CONTACT, "enquiry_received"), (TEAM, "enquiry_received_ops")],
    "confirm_run": [(CONTACT, "run_confirmed_contact"), (ANAS, "run_confirmed_facilitator"),
                    *[(LEES, "session_brief_facilitator")] * 3],
    "place_hold": [(CONTACT, "hold_placed_contact")],
    "make_offer": [(LEES, "offer_made_facilitator")],
    "withdraw_from_session": [(CONTACT, "run_changed_contact"), (ANAS, "run_changed_facilitator")],
    "send_memo": [(CONTACT, "gate_memo_sent_contact")],
    "accept_offer": [(CONTACT, "run_changed_contact"), (LEES, "run_changed_facilitator"), (TEAM, "offer_settled_ops")],
    "decline_offer": [(TEAM, "offer_settled_ops")],
    "withdraw_offer": [(LEES, "offer_withdrawn_facilitator"), (TEAM, "offer_settled_ops")],
}  # fmt: skip
UNSENT = {
    "plan_run": [(CONTACT, "hold_placed_contact", "The dates are not held any more.")],
    "release_hold": [(CONTACT, "hold_placed_contact", "The dates are not held any more.")],
    "erase_person": [(CONTACT, "answer_awaited_first_nudge", "They are erased.")],
}
"""What each change tells, as notifications would say it, and what it has not sent any more."""
CHANGES = (
    (f"{AT_ENQUIRY}/say", {"way": "reply", "words": "Thank you."}, "reply_to_enquiry", ["Alex Morgan", "Thank you."]),
    (f"{AT_PROPOSAL}/send", {}, "send_proposal", ["Alex Morgan", "by which they read, print and accept it"]),
    (f"{AT_PROPOSAL}/accept", {"name": "Alex", "role": "Head"}, "accept_proposal", ["Alex Morgan", "Our team"]),
    (
        f"{AT_PROPOSAL}/decline",
        {"reason": "Money"},
        "decline_proposal",
        ["Alex Morgan", "does not stand in the letter"],
    ),
    (f"{AT_PROPOSAL}/withdraw", {"reason": "Wrong"}, "withdraw_proposal", ["Alex Morgan", "answers no more"]),
    (f"{AT_ENQUIRY}/agreement/a-1/sign", {"name": "Priya"}, "sign_agreement", ["Alex Morgan", "the agreement stands"]),
    ("/quarantine", {"release": "KT-7F3K-92"}, "release_enquiry", ["Alex Morgan", "&lt;script&gt;quiet"]),
    (f"{AT_RUN}/confirm", {}, "confirm_run", ["Alex Morgan", "Ana &lt;b&gt;Reyes", "Lee Whitfield", "1 session.",
                                     "3 of them, the first Mon 7"]),
    (f"{AT_RUN}/hold", {}, "place_hold", ["Alex Morgan", "waits in line behind Styal (HMP)"]),
    (f"/holds/{OFFER}/release", {}, "release_hold", ["not sent any more", "Alex Morgan", "Styal (HMP) may move up"]),
    (f"{AT_ENQUIRY}/run", {"start": "2027-02-01"}, "plan_run",
     ["not sent any more", "Alex Morgan", "until the end of Tue 12 Jan 2027", "That hold ends", "Styal (HMP) may"]),
    ("/privacy/erase", {"person": "alex@risley.example", "reason": "Asked", "sure": "yes"}, "erase_person",
     ["no organisation on record", "not sent any more", "They are erased."]),
    (f"{AT_SESSION}/offer", {"facilitator": "f-2"}, "make_offer", ["Lee Whitfield", "to say yes or no"]),
    (f"{AT_SESSION}/withdraw", {"facilitator": "f-1"}, "withdraw_from_session", ["Ana &lt;b&gt;Reyes", "Alex Morgan"]),
    ("/memos/m-1/send", {}, "send_memo", ["Alex Morgan", "version 2"]),
    (f"/messages/{OFFER}/resend", {"reason": "To be sure"}, "resend_message", ["Alex Morgan", "they have it twice"]),
    (f"/offers/{OFFER}/accept", {}, "accept_offer", ["Alex Morgan", "Lee Whitfield", "Our team"]),
    (f"/offers/{OFFER}/decline", {}, "decline_offer", ["Our team"]),
    (f"/offers/{OFFER}/withdraw", {}, "withdraw_offer", ["Lee Whitfield", "Our team"]),
)  # fmt: skip


@pytest.fixture
def priya(add, visitor, services):
    add("priya", "coordinator", "data_protection")
    visitor.sign_in()
    services.answers = {
        name: {**answer, "news": [{"type": name}]} if name in TOLD or name in UNSENT else answer
        for name, answer in ANSWERS.items()
    }
    services.answers["simulate_news"] = telling()["would_tell"]
    return visitor


def would_tell(services, method: str) -> None:
    services.answers["simulate_news"] = telling(*TOLD.get(method, ()), cancels=UNSENT.get(method, ()))["would_tell"]


@pytest.mark.parametrize(("path", "typed", "method", "told"), CHANGES, ids=[each[2] for each in CHANGES])
def test_what_goes_out_is_shown_and_only_then_sent(priya, services, path, typed, method, told):
    would_tell(services, method)

    seen = priya.post(path, "/account", **typed)

    assert seen.status_code == 200, seen.text
    assert "Nothing is changed or sent yet." in seen.text
    assert [words for words in told if words not in seen.text] == []
    assert services.changes(method) == []

    kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', seen.text.partition("<main")[2]))
    applied = priya.post(path, "/account", **{name: value for name, value in kept.items() if name != "csrf_token"},
                         apply="yes")  # fmt: skip

    assert applied.status_code == (200 if method == "erase_person" else 302), applied.text
    assert len(services.changes(method)) == 1
    given = services.changes(method)[0]
    assert [name for name in typed if name in given and given[name] != typed[name]] == []
    assert ("reason" in typed) == ("reason" in given)


@pytest.mark.parametrize(("path", "typed", "method", "told"), CHANGES, ids=[each[2] for each in CHANGES])
def test_who_may_not_make_a_change_is_shown_nothing_of_it(add, visitor, services, path, typed, method, told):
    add("vera", "viewer")
    visitor.sign_in("vera")
    services.answers = dict(ANSWERS)
    answer = visitor.post(path, "/account", **typed)

    assert "Nothing is changed or sent yet." not in answer.text
    assert [name for _service, name, _given in services.calls if name == method] == []


def test_who_goes_back_finds_what_they_typed(priya, services):
    services.answers["get_message"] = dict.fromkeys(NOT_KNOWN) | {
        "id": OFFER, "template": "run_confirmed_contact", "recipient": "ops", "subject": "run:x", "state": "failed",
        "occasion": "run_confirmed:x", "version": 1, "due_at": "2027-01-12T08:00:00+00:00", "attempts": 1,
        "message_id": "<x@y>", "resends": [], "may_be_sent_again": True, "may_be_settled": False,
    }  # fmt: skip
    back = priya.post(f"/messages/{OFFER}/resend", "/account", reason="They rang", apply="back")

    assert back.status_code == 200
    assert 'value="They rang"' in back.text
    assert "Nothing is changed or sent yet." not in back.text
    assert services.changes("resend_message") == []


def test_who_only_looked_at_what_goes_out_has_changed_nothing_by_the_audit(priya, services, audit):
    priya.post(f"{AT_RUN}/hold", "/account")
    looked = [row["changes"] for row in audit() if row["operation"] == "scheduling.place_hold"]
    priya.post(f"{AT_RUN}/hold", "/account", apply="yes")

    assert looked == [False]
    assert [row["changes"] for row in audit() if row["operation"] == "scheduling.place_hold"] == [True, False]


def test_who_goes_back_from_planning_anew_finds_the_form_and_has_planned_nothing(priya, services):
    services.answers["find_slots"] = {"options": [], "why_not": None}
    back = priya.post(f"{AT_ENQUIRY}/run", "/account", start="2027-02-01", apply="back")

    assert back.status_code == 200
    assert 'value="2027-02-01"' in back.text
    assert [name for _service, name, _given in services.calls if name == "plan_run"] == []


@pytest.mark.parametrize("runs", [[], [{"run": RUN}]])
def test_where_no_hold_would_end_a_run_is_planned_at_once(priya, services, runs):
    services.answers |= {"list_runs": runs, "get_run": {"hold": None}}

    assert priya.post(f"{AT_ENQUIRY}/run", "/account", start="2027-02-01").status_code == 302
    assert len(services.changes("plan_run")) == 1


def test_who_has_left_is_not_offered_to_lead_a_run(priya, services):
    services.answers |= {"find_slots": {"options": [], "why_not": None}}
    services.answers["list_facilitators"] = [{**LEE, "state": "active"}, {"id": "f-3", "name": "A former facilitator",
                                                                           "state": "left"}]  # fmt: skip
    shown = priya.get(f"{AT_ENQUIRY}/run").text

    assert "Lee Whitfield" in shown
    assert "A former facilitator" not in shown


def test_a_double_press_of_apply_is_one_change(priya, services):
    seen = priya.post(f"{AT_RUN}/confirm", "/account")
    key = re.findall(r'name="key" value="([^"]+)"', seen.text.partition("<main")[2])[0]
    for _ in range(2):
        priya.post(f"{AT_RUN}/confirm", "/account", key=key, apply="yes")

    keys = [given["idempotency_key"] for given in services.changes("confirm_run")]
    assert keys == [f"{key}:confirm_run"] * 2


def test_what_cannot_be_done_is_said_before_anything_is_asked_for(priya, services):
    services.answers["send_memo"] = Refused("refused", "It was sent already.")
    services.answers["get_memo"] = Refused("not_found", "There is no such memo.")
    answer = priya.post("/memos/m-1/send", "/account")

    assert answer.status_code in (404, 409)
    assert services.changes("send_memo") == []


def test_who_writes_no_words_is_told_so_at_once(priya, services):
    services.answers["reply_to_enquiry"] = Refused("invalid", "Please write something.", {"words": ["Please write."]})
    services.answers["get_enquiry"] = Refused("unavailable", "Enquiries are away.")
    priya.post(f"{AT_ENQUIRY}/say", "/account", way="reply", words=" ")

    assert [name for _service, name, _given in services.calls] == ["reply_to_enquiry", "get_enquiry"]


@pytest.mark.parametrize(
    ("contact", "said"),
    [({"name": "Alex", "email": None}, "nobody, as no email is known"),
     ({"name": "Alex", "email": "a@b.example", "status": "left"}, "nobody, as they are marked as left")],
)  # fmt: skip
def test_whom_no_letter_reaches_is_said(priya, services, contact, said):
    services.answers["get_enquiry"] = ENQUIRY | {"contact": contact}
    would_tell(services, "send_proposal")

    assert said in priya.post(f"{AT_PROPOSAL}/send", "/account").text


def test_whom_it_would_tell_may_not_be_known_and_that_is_said(priya, services):
    services.answers["simulate_news"] = Refused("unavailable", "Notifications is away.")
    seen = priya.post(f"{AT_RUN}/confirm", "/account")

    assert "cannot be said just now" in seen.text
    assert "Nobody is written to" not in seen.text


def test_what_a_rule_refuses_is_said_where_it_was_asked_for(priya, services):
    services.answers["confirm_run"] = Refused("refused", "H12: the agreement is not signed.")
    services.answers["get_run"] = Refused("not_found", "There is no such run.")

    assert priya.post(f"{AT_RUN}/confirm", "/account").status_code in (404, 409, 422)
    assert services.changes("confirm_run") == []


def test_a_link_is_made_to_what_it_can_be_made_to_alone(priya, services):
    services.answers |= {"get_enquiry": Refused("unavailable", "Away."), "link_enquiry": {}}
    form = {"kind": "reference", "target": "x", "take": "yes"}

    assert priya.post(f"{AT_ENQUIRY}/matches", "/account", **form).status_code != 500
    assert services.changes("link_enquiry") == []


@pytest.mark.parametrize(
    ("given", "said"),
    [("5d", "5 days"), ("1d", "1 day"), ("3wd", "3 working days"), ("6w", "6 weeks"), ("1m", "1 month"),
     ("soon", "soon"), ("5", "5"), ("", "")],
)  # fmt: skip
def test_spans_of_time_are_said_in_words(given, said):
    assert offset(given) == said


def test_letters_have_names_that_people_read():
    assert letter_name("run_confirmed_contact") == "Run confirmed, to the contact"
    assert letter_name("reply_written") == "Reply written"


PREVIEW = {
    "run": RUN, "basis": "b", "cancelled": [], "moved": [], "added": [], "new_breaches": [], "mended": [],
    "warnings": [], "papers": {"memos": [], "kit": []}, "charged_pence": 0, "sessions_before": 1, "sessions_after": 1,
    "last_after": None, "people": [{"number": 3, "date": "2027-01-26", "goes": [ANA], "comes": [LEE]}],
    "told": {"facilitators": [ANA, LEE], "contact_of": "KT-7F3K-92", "ops": True},
}  # fmt: skip


def shown_change(priya, services, preview=PREVIEW, **would):
    services.answers = {**ANSWERS, "preview_change": preview, "apply_change": {"run": RUN} | would}
    return words_of(priya.post(f"/runs/{RUN}/change", "/account", change='{"kind": "people"}').text)


def words_of(page):
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def test_a_change_of_a_run_is_tried_and_says_who_is_told_by_which_letter(priya, services):
    would = telling(
        (CONTACT, "run_changed_contact"), (LEES, "run_changed_facilitator"),
        cancels=[("facilitator:f-1", "session_brief_facilitator", "It is not theirs any more.")],
    )  # fmt: skip

    shown = shown_change(priya, services, **would)

    assert "Alex Morgan, of KT-7F3K-92 by Run changed, to the contact" in shown
    assert "Lee Whitfield by Run changed, to facilitators" in shown
    assert "What is not sent any more Ana" in shown
    assert "Lee Whitfield leads it instead of Ana" in shown
    assert "Told:" not in shown
    tried = [given for _service, name, given in services.calls if name == "apply_change"]
    assert [(each["dry_run"], each["accept_breaches"], each["basis"]) for each in tried] == [(True, True, "b")]


def test_a_change_of_which_nobody_is_told_says_so(priya, services):
    assert "Nobody is written to." in shown_change(priya, services, **telling())


@pytest.mark.parametrize(("goes", "comes", "said"), [
    ([ANA, LEE], [], "Lee Whitfield lead it no longer, and nobody is there in their place yet."),
    ([], [LEE], "Lee Whitfield leads it as well."),
])  # fmt: skip
def test_who_leads_a_session_then_is_said_in_a_sentence(priya, services, goes, comes, said):
    people = [{"number": 3, "date": "2027-01-26", "goes": goes, "comes": comes}]

    assert said in shown_change(priya, services, {**PREVIEW, "people": people}, **telling())


def test_several_are_listed_as_people_say_them():
    assert [listed(each) for each in ([], ["Ana"], ["Ana", "Tom"], iter(["Ana", "Tom", "Lee"]))] == [
        "", "Ana", "Ana and Tom", "Ana, Tom and Lee",
    ]  # fmt: skip


def test_reminders_stand_apart_from_the_letters_that_go_out_because_of_a_change(priya, services):
    would = telling(
        (CONTACT, "run_changed_contact"), (LEES, "session_brief_facilitator"),
        cancels=[(ANAS, "session_brief_facilitator", "The session was moved.")],
    )  # fmt: skip
    for each in (would["would_tell"]["sends"][1], would["would_tell"]["cancels"][0]):
        each["rule"] = "session_reminder"

    shown = shown_change(priya, services, **would)

    told, _, reminders = shown.partition("Reminders that come with it, at their times")
    coming, _, withdrawn = reminders.partition("Reminders that wait now and are withdrawn")
    assert "Run changed, to the contact" in told
    assert "Session brief" not in told
    assert "Lee Whitfield by Session brief, to facilitators" in coming
    assert "Session brief, to facilitators" in withdrawn
    assert "The session was moved." in withdrawn
