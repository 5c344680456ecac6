"""What an alert says to the team's own tools: a title and a few lines, made from the ledger alone and about nobody."""

from __future__ import annotations

from datetime import datetime

from services.notifications.channels.base import Mail
from services.notifications.domain.messages import Message
from services.notifications.sending.rendering import MessageNotRendered, Organisation
from services.notifications.sending.wording import moment_words

_INTAKE = {
    "canary": (
        "The enquiry form may not be open",
        "Our own test enquiry of {since} did not arrive. Real ones may not get through either.",
        "It is tried again by itself. It helps to open the public form and look.",
    ),
    "silence": (
        "It is unusually quiet: no enquiry has come",
        "No enquiry has come since {since}. It may be a quiet time, or the way in may be shut.",
        "This is said once for each silence. It helps to open the public form and look.",
    ),
    "ledger": (
        "The daily balance of enquiries does not come out",
        "For the day that began {since}, some enquiries are not accounted for.",
        "Nothing is lost: keytalk enquiries ledger --days 14 names each of them.",
    ),
}
_LATE = (
    "Still waiting for a first answer: {reference}",
    "This enquirer was told to expect a person's answer by {due_at}, and has not had one yet.",
    "A reply or a noted call stops this clock. A short word that somebody is looking into it is an answer too.",
)
_NOT_DELIVERED = (
    "A message did not get through",
    "At least one message could not be delivered, and is not tried again by itself.",
    "keytalk messages list --state failed shows which and why. This is said once an hour at most.",
)


def alert(message: Message, organisation: Organisation, sender: str, now: datetime) -> Mail:
    """Give an alert as a mail: its recipient is one of the team's addresses. Raises MessageNotRendered."""
    title, what, then = _words_of(message)
    text = f"{what}\n\nWhat happens next: {then}\n\nQuestions: {organisation.email}\n"
    return Mail(
        message_id=message.message_id,
        sender=sender,
        recipient=message.recipient,
        subject=title,
        text=text,
        html="",
        date=now,
    )


def _words_of(message: Message) -> tuple[str, str, str]:
    """Give the title, what happened, and what happens next."""
    facts = message.facts
    try:
        if message.template == "intake_alarm_team":
            title, what, then = _INTAKE[facts["kind"]]
            return title, what.format(since=moment_words(facts["since"])), then
        if message.template == "first_reply_due_team":
            title, what, then = _LATE
            due_at = moment_words(facts["due_at"])
            return title.format(reference=facts["reference"]), what.format(due_at=due_at), then
    except (KeyError, ValueError) as error:
        raise MessageNotRendered(f"alert {message.template}: {type(error).__name__}") from error
    if message.template == "messages_failed_team":
        return _NOT_DELIVERED
    raise MessageNotRendered(f"there is no alert {message.template!r}")
