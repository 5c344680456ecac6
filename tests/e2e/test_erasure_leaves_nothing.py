"""The proof of erasure: a mark in every text, and afterwards nowhere but where the law has it stay."""

from __future__ import annotations

import importlib
import time
from email import message_from_bytes, policy
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from sqlalchemy import select

from services.notifications.tables import messages
from shared.config import SERVICES, read_settings
from shared.persistence.database import Database
from tests.planting import answers, holding, new_marks, not_planted, plant
from tests.waiting import eventually

pytestmark = pytest.mark.slow

MUST_STAY = {
    "signatures.name", "signatures.role", "agreements.purchase_order", "agreements.cancellation_terms",
    "proposals.lines", "proposals.cancellation_terms",
    # The number of a purchase order, which the timeline notes as a choice that was made.
    "timeline.was", "timeline.now",
}  # fmt: skip


class House:
    """Everything a running Keytalk keeps, as somebody who looks for a mark in it sees it."""

    def __init__(self, keytalk, rabbitmq=None):
        self.keytalk = keytalk
        self.rabbitmq = rabbitmq
        self.settings = read_settings(keytalk.environment)

    def rpc(self, service, method, **arguments):
        answer = requests.post(
            f"{self.keytalk.ops_url}/rpc/{service}/{method}",
            json=arguments,
            headers={"Authorization": f"Bearer {self.settings.ops_token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def database(self, service):
        return Database(self.settings.database_url_of(service), pool_size=2)

    def places_of(self, mark):
        """Give every place in which a mark is found: columns, table dumps, files, mails, the log."""
        found = {f"column {each}" for service in SERVICES for each in self.columns_of(service, mark)}
        if self.settings.embedded:
            found |= self._files_with(mark)
        else:
            found |= {f"dump {each}" for service in SERVICES for each in self._dumps_with(service, mark)}
        return found | ({"log"} if mark.lower() in self.keytalk.output.lower() else set())

    def columns_of(self, service, mark):
        metadata = importlib.import_module(f"services.{service}.tables").metadata
        database = self.database(service)
        try:
            with database.reading() as connection:
                return holding(connection, metadata, mark)
        finally:
            database.close()

    def _files_with(self, mark):
        files = [path for path in self.settings.home.rglob("*") if path.is_file()]
        return {f"file {path.name}" for path in files if mark.lower() in _read(path)}

    def _dumps_with(self, service, mark):
        url = self.settings.database_url_of(service).set(drivername="postgresql")
        with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
            tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            for (name,) in connection.execute(tables).fetchall():
                with connection.cursor().copy(f'COPY "{name}" TO STDOUT') as rows:
                    if mark.lower().encode() in b"".join(bytes(row) for row in rows).lower():
                        yield f"{service}.{name}"

    def waiting_in_queues(self):
        """Count the messages that lie in any queue of the broker."""
        if self.rabbitmq is None:
            return 0
        vhost = urlsplit(self.settings.amqp_uri).path[1:]
        listed = self.rabbitmq.ctl("list_queues", "-p", vhost, "--no-table-headers", "messages")
        return sum(int(line) for line in listed.split() if line.isdigit())

    def jobs_waiting(self):
        """Give the kinds of work that is still to be done after an erasure."""
        kinds = {job["kind"] for service in SERVICES for job in self.rpc(service, "list_jobs", limit=1000)}
        return kinds & {"wipe", "remove_mail", "retry_events"}


def _read(path):
    content = path.read_bytes()
    text = content.decode(errors="replace")
    if path.parent.name in {"new", "cur", "tmp"}:
        # Whatever way the parts of a mail are written in.
        parts = message_from_bytes(content, policy=policy.default).walk()
        text += "".join(str(part.get_content()) for part in parts if part.get_content_maintype() == "text")
    return text.lower()


@pytest.fixture(scope="module")
def house(keytalk, request):
    is_real = keytalk is not None and "KEYTALK_AMQP_URI" in keytalk.environment
    server = request.getfixturevalue("rabbitmq") if is_real else None
    return House(keytalk, server if server is not None and server.owned else None)


@pytest.fixture(scope="module")
def story(house):
    """Somebody asks twice, is written to, called, offered something; then everything else is planted as well."""
    marks, others = new_marks(), new_marks()
    keytalk = house.keytalk
    reference = keytalk.post(answers(marks)).json()["reference"]
    second = keytalk.post(answers(marks, establishment="RSI"), key=f"key-{marks.gone}").json()["reference"]
    other = keytalk.post(answers(others)).json()["reference"]
    _wait_for_thanks(house, reference, second, other)
    _work_on(house, marks, second)
    _wait_until_sent(house)
    database = house.database("enquiries")
    with database.writing() as connection:
        plant(connection, marks, reference, other)
    database.close()
    before = {service: house.columns_of(service, marks.gone) for service in SERVICES}
    kept_before = house.columns_of("enquiries", marks.kept)
    exported = house.rpc("enquiries", "export_person", person=marks.email)
    receipt = keytalk.cli("privacy", "erase", marks.email, "--reason", f"{marks.name} asked us to.")
    _wait_until_settled(house, marks)
    return SimpleNamespace(
        marks=marks, others=others, references={reference, second}, other=other, before=before,
        kept_before=kept_before, exported=exported, receipt=receipt,
    )  # fmt: skip


def _wait_for_thanks(house, *references):
    def thanked():
        return all(house.rpc("enquiries", "get_enquiry", reference=each)["acknowledged_at"] for each in references)

    eventually(thanked, within=30)


def _work_on(house, marks, reference):
    gone = marks.gone
    about = {"reference": reference}
    house.rpc("enquiries", "reply_to_enquiry", **about, words=f"Dear {gone}, thank you.")
    house.rpc("enquiries", "log_call", **about, words=f"{gone} rang from {marks.phone}.")
    house.rpc("enquiries", "log_answer", **about, words=f"{gone} says yes.")
    house.rpc("enquiries", "add_note", **about, words=f"{gone} is kind.")
    # house.rpc("enquiries", "add_task", title=f"Ring {gone}", due_on="2027-03-01", **about)
    house.rpc("enquiries", "move_enquiry", **about, to="availability", reason=f"{gone} is ready.")
    made = house.rpc("enquiries", "make_proposal", **about, sessions=16, notes=f"As {gone} wishes.")
    house.rpc("enquiries", "send_proposal", proposal_id=made["id"])
    house.rpc("enquiries", "save_filter", name=f"All of {marks.name}", fields={"text": marks.email})


def _wait_until_sent(house):
    def settled():
        return not house.rpc("notifications", "list_messages", state="sending") and not [
            row
            for row in house.rpc("notifications", "list_messages", state="scheduled")
            if row["occasion"].startswith(("reply:", "proposal_sent:"))
        ]

    eventually(settled, within=30)


def _wait_until_settled(house, marks):
    """Wait until nothing is left to be done; what is found after that stays."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        if not house.places_of(marks.gone) and not house.jobs_waiting() and not house.waiting_in_queues():
            return
        time.sleep(0.5)


def test_the_mark_was_in_every_text_that_may_hold_it(house, story):
    assert not_planted(story.before["enquiries"] | story.kept_before) == {"enquiries.contact_phone", "contacts.phone"}
    # The others know a person by a reference alone.
    assert (story.before["scheduling"], story.before["notifications"]) == (set(), set())


def test_the_export_held_it_all_from_every_service(house, story):
    given = {name for name, rows in story.exported["enquiries"].items() if story.marks.gone in str(rows)}

    assert given >= {"enquiries", "timeline_words", "tasks", "contacts", "contact_history", "posts_held", "proposals"}
    assert story.marks.phone in str(story.exported["enquiries"])
    told = story.exported["notifications"]
    assert {row["template"] for row in told["messages"]} >= {"enquiry_received", "reply_written", "proposal_sent"}
    assert (story.marks.gone in str(told["mails"])) is house.settings.embedded
    assert {row["reference"] for row in story.exported["scheduling"]["enquiries"]} == story.references


def test_the_mark_is_nowhere_after_the_erasure(house, story):
    assert house.places_of(story.marks.gone) == set()


def test_the_telephone_number_is_nowhere_either(house, story):
    assert house.places_of(story.marks.phone) == set()


def test_nothing_lies_in_a_queue_or_among_the_dead(house, story):
    assert house.waiting_in_queues() == 0
    dead = [row for service in SERVICES for row in house.rpc(service, "list_dead") if row["type"] != "unreadable"]
    assert dead == []


def test_what_was_signed_stays_and_the_receipt_says_why(house, story):
    stays = {place.removeprefix("column ") for place in house.places_of(story.marks.kept) if place.startswith("column")}

    assert {"signatures.name", "signatures.role"} <= stays <= MUST_STAY
    assert "names under agreements" in {entry["what"] for entry in story.receipt["kept"]}
    assert story.receipt["erased"]["enquiries"] == 2
    assert set(story.receipt["references"]) == story.references


def test_nobody_else_lost_anything(house, story):
    other = house.rpc("enquiries", "get_enquiry", reference=story.other)

    assert other["contact"]["name"] == story.others.name
    assert other["contact"]["email"] == story.others.email
    assert other["message"] == "My colleague is at (erased) or (erased)."


def test_an_erased_enquiry_is_still_in_the_books(house, story):
    for reference in story.references:
        enquiry = house.rpc("enquiries", "get_enquiry", reference=reference)
        assert enquiry["programme"] == "many-faces-of-trauma"
        assert [step["kind"] for step in enquiry["timeline"]].count("erased") == 1


def test_nothing_is_sent_to_them_any_more(house, story):
    database = house.database("notifications")
    with database.reading() as connection:
        theirs = messages.c.recipient.in_([f"enquirer:{reference}" for reference in story.references])
        states = set(connection.scalars(select(messages.c.state).where(theirs)))
    database.close()

    assert states <= {"accepted", "suppressed", "superseded", "missed"}


def test_asking_again_gives_the_same_receipt(house, story):
    again = house.keytalk.cli("privacy", "erase", story.marks.email, "--reason", "Asked again.")

    assert again == {**story.receipt, "repeated": True}


def test_the_night_s_work_is_set_and_nothing_is_due_yet(house, story):
    kinds = {job["kind"] for service in SERVICES for job in house.rpc(service, "list_jobs", limit=1000)}

    assert kinds >= {"keep_no_longer", "forget_old_mail"}
    assert house.keytalk.cli("privacy", "retention", "--dry-run") == []


def test_the_request_is_in_the_list_of_requests(house, story):
    [erasure] = [row for row in house.keytalk.cli("privacy", "requests") if row["kind"] == "erasure"]

    assert (erasure["id"], erasure["state"]) == (story.receipt["request_id"], "closed")


def test_a_new_enquiry_of_theirs_is_welcome_and_thanked(house, story):
    reference = house.keytalk.post(answers(story.marks, establishment="RSI")).json()["reference"]

    _wait_for_thanks(house, reference)
    assert house.rpc("enquiries", "get_enquiry", reference=reference)["contact"]["name"] == story.marks.name
