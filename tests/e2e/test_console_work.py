"""The console's pages by their forms, without a browser: filters, spam, papers, personal data, health, files."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.servers.keytalk import Keytalk
from tests.servers.operators import add_operator, csrf_token, signed_in
from tests.waiting import eventually

MONDAY = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
ASKED = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "=1+2 Alex Morgan",
    "contact_role": "Head of reducing reoffending",
    "contact_email": "alex.morgan@risley.example",
    "group_size": 10,
    "preferred_start": "2027-01-12",
    "message": "We have a quiet room.",
}


class Operator:
    """Somebody who is signed in and fills in forms. What a page says is kept as text without marks."""

    def __init__(self, keytalk: Keytalk, name: str) -> None:
        self._url = keytalk.ops_url
        self._session = signed_in(keytalk, name)

    def opens(self, path: str) -> requests.Response:
        """Open a page."""
        return self._session.get(f"{self._url}{path}", timeout=30)

    def sees(self, path: str) -> str:
        """Open a page and give what it says."""
        answer = self.opens(path)
        answer.raise_for_status()
        return said(answer)

    def sends(self, page: str, path: str, **fields: Any) -> requests.Response:
        """Send a form that stands on a page."""
        token = csrf_token(self.opens(page).text)
        return self._session.post(f"{self._url}{path}", data={"csrf_token": token, **fields}, timeout=30)


def said(answer: requests.Response) -> str:
    """Give what a page says, in one line."""
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    with Keytalk(demo=True, began_at=MONDAY) as running:
        add_operator(running, "priya", "coordinator", "scheduler")
        add_operator(running, "dana", "data_protection")
        add_operator(running, "adam", "admin")
        yield running


@pytest.fixture(scope="module")
def priya(keytalk) -> Operator:
    return Operator(keytalk, "priya")


@pytest.fixture(scope="module")
def dana(keytalk) -> Operator:
    return Operator(keytalk, "dana")


@pytest.fixture(scope="module")
def reference(keytalk) -> str:
    given = keytalk.post(ASKED, key="first").json()["reference"]
    eventually(lambda: keytalk.cli("enquiries", "show", given)["tasks"])
    return str(given)


def test_a_filter_stands_in_the_address_and_can_be_kept(priya, reference):
    assert reference in priya.sees("/pipeline?waiting_on=us")
    assert reference not in priya.sees("/pipeline?waiting_on=funder")
    kept = priya.sends("/pipeline?waiting_on=us", "/pipeline/filters?waiting_on=us", name="Our turn")

    assert kept.url.endswith("/pipeline?saved=Our+turn")
    assert reference in said(kept)
    assert "Our turn" in priya.sees("/pipeline")


def test_a_filter_that_makes_no_sense_says_so(priya):
    answer = priya.opens("/pipeline?waiting_on=nobody")

    assert answer.status_code == 422
    assert "We can wait on one of" in said(answer) or "waiting" in said(answer).lower()


@pytest.mark.parametrize(
    "path",
    ["/pipeline/list", "/tasks", "/contacts", "/organisations", "/runs", "/clearances", "/memos", "/messages",
     "/messages/ahead", "/messages/not-told", "/calendar", "/system/jobs/enquiries"],
)  # fmt: skip
def test_every_list_is_a_file_in_which_nothing_is_a_formula(priya, reference, path):
    answer = priya.opens(f"{path}{'&' if '?' in path else '?'}format=csv")

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))] == []


@pytest.mark.parametrize("name", ["funnel", "times", "sources", "sessions", "cancelled", "load", "reach"])
def test_every_report_is_a_file(priya, reference, name):
    answer = priya.opens(f"/reports?file={name}")

    assert answer.status_code == 200
    assert name in answer.headers["Content-Disposition"]


def test_what_is_genuine_is_released_from_quarantine_and_the_rest_cleared_in_one_go(keytalk, priya):
    spam = {**ASKED, "message": "Buy cheap pills http://a.example http://b.example http://c.example casino crypto seo"}
    for number in range(3):
        keytalk.post({**spam, "contact_email": f"x{number}@spam.example"}, key=f"spam-{number}")
    held = eventually(lambda: [row for row in keytalk.cli("quarantine", "list") if "pills" in row["opening"]])
    released = held[0]["reference"]

    assert "Nothing is changed or sent yet." in said(priya.sends("/quarantine", "/quarantine", release=released))
    assert keytalk.cli("enquiries", "show", released)["standing"] == "quarantined"
    assert "released" in said(priya.sends("/quarantine", "/quarantine", release=released, apply="yes"))
    until = keytalk.cli("quarantine", "list")[-1]["received_at"]
    cleared = priya.sends("/quarantine", "/quarantine", all_before=until)

    assert "cleared away" in said(cleared)
    assert keytalk.cli("enquiries", "show", released)["standing"] == "filed"


def test_an_enquiry_is_taken_by_phone(keytalk, priya):
    given = {"channel": "phone", "programme": "many-faces-of-trauma", "establishment": "HMP Styal"}
    taken = priya.sends(
        "/enquiries/new", "/enquiries/new", **given, contact_name="Nia Rees", contact_phone="01632 960001"
    )

    assert "Please tell them their reference" in said(taken)
    assert "HMP Styal" in said(taken)


def test_a_mistake_in_it_is_named_and_what_was_typed_is_kept(priya):
    refused = priya.sends(
        "/enquiries/new", "/enquiries/new", channel="phone", contact_name="Nia Rees", group_size="many"
    )

    assert refused.status_code == 422
    assert "That was not done" in said(refused)
    assert 'value="Nia Rees"' in refused.text


def test_a_clearance_is_recorded_and_the_matrix_shows_it(keytalk, priya):
    lee = next(each for each in keytalk.cli("facilitators", "list") if each["name"].startswith("Lee"))
    path = f"/clearances/{lee['id']}/RSI"
    done = priya.sends(path, path, valid_from="2026-11-01", valid_until="2026-12-24", site_access="yes")

    assert "It is recorded." in said(done)
    assert "Expiring" in priya.sees("/clearances?place=RSI")


def test_a_date_that_is_none_is_refused_where_it_stands(keytalk, priya):
    lee = next(each for each in keytalk.cli("facilitators", "list") if each["name"].startswith("Lee"))
    path = f"/clearances/{lee['id']}/RSI"
    refused = priya.sends(path, path, valid_from="2026-11-01", valid_until="soon")

    assert refused.status_code == 422
    assert 'id="valid_until-mend"' in refused.text


def test_kit_is_asked_about_and_answered(priya):
    asked = priya.sends("/kit?place=STI", "/kit", place="STI", item="acupuncture needles", what="request")
    assert "Requested" in said(asked)
    answered = priya.sends("/kit?place=STI", "/kit", place="STI", item="acupuncture needles", what="approve")

    assert "Approved" in said(answered)


def test_a_message_is_opened_and_what_arrived_is_not_sent_again(keytalk, priya, reference):
    sent = eventually(
        lambda: [
            row for row in keytalk.cli("messages", "list") if row["state"] == "accepted" and reference in row["subject"]
        ]
    )[0]
    shown = priya.sees(f"/messages/{sent['id']}")

    assert "Accepted" in shown
    assert "Send it again" not in shown
    refused = priya.sends(f"/messages/{sent['id']}", f"/messages/{sent['id']}/resend", reason="To be sure")
    assert refused.status_code == 409


def test_other_times_of_a_reminder_show_what_they_would_do_before_they_apply(keytalk, priya):
    shown = priya.sends("/reminders", "/reminders/session_reminder", offsets="7d 1d", at="15:00", is_on="yes")
    assert "What that would do" in said(shown)
    basis = html.unescape(re.findall(r'name="basis" value="([^"]*)"', shown.text)[0])
    rules = keytalk.cli("reminders", "list")
    assert next(each for each in rules if each["name"] == "session_reminder")["offsets"] == ["5d", "1d"]

    given = {"offsets": "7d 1d", "at": "15:00", "is_on": "yes", "apply": "yes", "basis": basis, "reason": "They asked"}
    done = priya.sends("/reminders", "/reminders/session_reminder", **given)

    assert "The rule is changed" in said(done)
    assert "7 days and 1 day" in said(done)


def test_personal_data_is_for_the_data_protection_lead_alone(priya):
    assert priya.opens("/privacy/retention").status_code == 403
    assert priya.opens("/audit").status_code == 403


def test_what_is_held_is_given_and_a_person_is_erased_with_a_receipt(keytalk, dana):
    keytalk.post({**ASKED, "contact_email": "gone@risley.example", "contact_name": "Robin Gone"}, key="gone")
    eventually(lambda: [row for row in keytalk.cli("contacts", "list") if row["email"] == "gone@risley.example"])
    held = dana.sends("/privacy", "/privacy/export", person="gone@risley.example")
    assert "Robin Gone" in held.text
    unsure = dana.sends("/privacy", "/privacy/erase", person="gone@risley.example", reason="They asked")
    assert unsure.status_code == 422
    given = {"person": "gone@risley.example", "reason": "They asked", "sure": "yes"}
    assert "Robin Gone" in said(dana.sends("/privacy", "/privacy/erase", **given))
    receipt = dana.sends("/privacy", "/privacy/erase", **given, apply="yes")

    assert "The receipt" in said(receipt)
    assert "Robin Gone" not in dana.sees("/contacts")


def test_the_audit_says_who_looked_and_who_changed_without_an_address(keytalk, dana, reference):
    shown = dana.sees("/audit")

    assert "enquiries.export_person" in shown
    assert "enquiries.erase_person" in shown
    assert "gone@risley.example" not in shown


def test_health_shows_every_service_and_that_the_ledger_comes_out(priya):
    shown = priya.sees("/system")

    assert [name for name in ("Enquiries Well", "Scheduling Well", "Notifications Well") if name not in shown] == []
    assert "Every enquiry accounted for" in shown


def test_an_event_that_is_not_there_is_not_found_in_words(keytalk):
    adam = Operator(keytalk, "adam")
    answer = adam.opens("/system/enquiries/0192f0c8-0000-7000-8000-000000000000")

    assert answer.status_code == 404
    assert "Go to the first page" in said(answer)


def test_each_role_is_shown_only_the_places_it_may_open(keytalk, priya, dana):
    def places(operator: Operator) -> list[str]:
        top = operator.opens("/account").text.partition("<nav")[2].partition("</nav>")[0]
        return re.findall(r">([A-Z][^<]+)</a>", top)

    assert "Operators" not in places(priya)
    assert "Personal data" in places(dana)
    assert "Calendar" not in places(dana)
