"""What a message would say: the words of a version with the facts of a real one. Nothing is sent, nothing is kept."""

from __future__ import annotations

from typing import Any

from services.notifications.domain.messages import Message
from services.notifications.domain.template_catalogue import CATALOGUE, Audience
from services.notifications.sending.composing import Directory, may_choose
from services.notifications.sending.rendering import MessageNotRendered, Organisation, render
from shared.errors import Refused

NO_MESSAGE = "There is no such message yet: these are made-up facts."

THEIR_PAGE = "https://keytalk.example/messages/their-own-link"
"""What stands for the address of the reader's own page, which is a key and shown to nobody else."""


def preview(
    template: str, words: tuple[str, str], message: Message | None, directory: Directory, organisation: Organisation
) -> dict[str, Any]:
    """Give `subject`, `text` and `html`, and what they were made of: `message` (its id) or None, and `note`.

    What is asked for as a message goes out is asked for now. Where that is not to be had, such as for a contact who has
    left, a made-up one stands in, and `note` says so. Raises `Refused` for words that do not come out.
    """
    entry = CATALOGUE[template]
    note = None
    if message is None:
        facts, note = next(entry.samples()), NO_MESSAGE
    else:
        try:
            facts = {**message.facts, **directory.look_up(message).facts}
        except Refused as refused:
            facts = {**entry.asked_for(), **message.facts}
            note = f"What is asked for as it goes out is made up here. {refused.detail}"
    if entry.audience is not Audience.OPS if message is None else may_choose(message):
        facts = {**facts, "preferences_page": THEIR_PAGE}
    try:
        told = render(template, facts, organisation, words)
    except MessageNotRendered as error:
        raise Refused("refused", f"These words do not come out: {error}.") from None
    shown = {"subject": told.subject, "text": told.text, "html": told.html}
    return {**shown, "message": str(message.id) if message else None, "note": note}
