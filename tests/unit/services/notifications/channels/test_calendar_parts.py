"""What mail programs need to offer a calendar file: RFC 6047, 2.4, and how Outlook, Gmail and Apple Mail read it.

Outlook reads a request among the alternatives only, wants its method on the part and in the file, and takes one event
(MS-STANOICAL, 2.2.168 and 2.2.175). Gmail shows the first event of a file. Apple Mail opens the attached file.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from icalendar import Calendar

from services.notifications.channels.base import Attachment, Mail
from services.notifications.channels.calendar import change_calendar, run_calendar
from services.notifications.channels.mime import to_bytes
from services.notifications.domain.facts import RunFacts

US, READER = "ops@mail.example.org", "sam@prison.example"


def received(mail: Mail, *attachments: Attachment) -> EmailMessage:
    message = message_from_bytes(to_bytes(replace(mail, attachments=attachments)), EmailMessage, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def tree(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def file_of(text: str, method: str, name: str = "sessions.ics") -> Attachment:
    return Attachment(name, "text/calendar", text, {"method": method})


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL", "PUBLISH"])
def test_one_event_stands_among_the_alternatives_and_is_attached(
    mail: Mail, run: RunFacts, now: dt.datetime, method: str
) -> None:
    moved = replace(run, establishment="Carchar Ynys Môn", sessions=run.sessions[:1])
    if method == "PUBLISH":
        text = run_calendar(moved, US, now)
    else:
        text = change_calendar("CANCEL" if method == "CANCEL" else "REQUEST", moved, moved.sessions, US, READER, now)
    message = received(mail, file_of(text, method))
    assert tree(message) == [
        "multipart/mixed",
        *("multipart/alternative", "text/plain", "text/html", "text/calendar"),
        "text/calendar",
    ]
    offered, attached = (part for part in message.walk() if part.get_content_type() == "text/calendar")
    for part in (offered, attached):
        assert part.get_param("method") == method
        assert part.get_content_charset() == "utf-8"
        assert part.get_content().splitlines() == text.splitlines()
    assert offered.get_content_disposition() is None
    assert (attached.get_content_disposition(), attached.get_filename()) == ("attachment", "sessions.ics")
    [event] = Calendar.from_ical(offered.get_content()).walk("VEVENT")
    assert event["LOCATION"] == "Carchar Ynys Môn"


def test_many_events_are_attached_only_as_mail_programs_would_show_the_first_as_all(
    mail: Mail, run: RunFacts, now: dt.datetime
) -> None:
    message = received(mail, file_of(run_calendar(run, US, now), "PUBLISH"))
    assert tree(message) == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"]
    [attached] = message.iter_attachments()
    assert attached.get_param("method") == "PUBLISH"
    assert attached.get_content().count("BEGIN:VEVENT") == 16


def test_two_methods_are_two_files_and_neither_is_an_alternative(mail: Mail, run: RunFacts, now: dt.datetime) -> None:
    request = change_calendar("REQUEST", run, run.sessions[:1], US, READER, now)
    cancel = change_calendar("CANCEL", run, run.sessions[1:2], US, READER, now)
    message = received(mail, file_of(request, "REQUEST", "changed.ics"), file_of(cancel, "CANCEL", "cancelled.ics"))
    [alternatives] = [part for part in message.walk() if part.get_content_type() == "multipart/alternative"]
    assert [part.get_content_type() for part in alternatives.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_param("method") for part in message.iter_attachments()] == ["REQUEST", "CANCEL"]


def test_a_method_that_the_file_does_not_say_is_offered_to_nobody(mail: Mail, run: RunFacts, now: dt.datetime) -> None:
    one = replace(run, sessions=run.sessions[:1])
    message = received(mail, file_of(run_calendar(one, US, now), "REQUEST"))
    assert tree(message).count("text/calendar") == 1


def test_other_papers_stand_beside_the_calendar(mail: Mail, run: RunFacts, now: dt.datetime) -> None:
    request = change_calendar("REQUEST", run, run.sessions[:1], US, READER, now)
    paper = Attachment("memo.pdf", "application/pdf", b"%PDF-1.7 \x00")
    message = received(mail, file_of(request, "REQUEST"), paper)
    assert [part.get_filename() for part in message.iter_attachments()] == ["sessions.ics", "memo.pdf"]
    assert tree(message).count("text/calendar") == 2
