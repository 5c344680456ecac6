"""What an operator takes down for someone who rang or wrote on paper: the form's questions, and its rules.

Only the email address may be missing: whoever rang without one is answered by phone, whoever wrote is answered at the
prison or organisation they wrote from.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import ValidationError

from services.enquiries.schemas import PROGRAMMES, Choice, Email, EnquiryForm, Words
from shared.errors import Refused

CHANNELS = ("phone", "paper")
_NO_ANSWERS = "Some answers need a change before this enquiry can be taken down. Each one is named."
_NO_WAY_BACK = "Ask for a phone number or an email address: without one they cannot be answered."


class TakenForm(EnquiryForm):
    """The questions of an enquiry, as an operator answers them for someone else."""

    programme = Choice("The programme", f"Choose the programme they are interested in: {' or '.join(PROGRAMMES)}.")
    establishment = Words("The prison or organisation", 200, "Say which prison or organisation it is for.")
    contact_name = Words("Their name", 120, "Say who is asking, so that we know who to answer.", header=False)
    contact_email = Email("Their email address")


def parse_taken(data: Any, channel: str, today: date) -> dict[str, Any]:
    """Give the clean answers, leaving out what was not answered; `contact_email` is None where there is none.

    Raises `Refused("invalid")`, whose `fields` hold a sentence for each answer that needs a change.
    """
    if channel not in CHANNELS:
        why = f"An enquiry is taken down from one of: {', '.join(CHANNELS)}."
        raise Refused("invalid", why, {"channel": [why]})
    try:
        answers: dict[str, Any] = {"contact_email": None, **TakenForm(today).load(data)}
    except ValidationError as error:
        found = error.messages_dict
        raise Refused("invalid", _NO_ANSWERS, {str(name): list(says) for name, says in found.items()}) from None
    if channel == "phone" and not (answers["contact_email"] or answers.get("contact_phone")):
        raise Refused("invalid", _NO_WAY_BACK, {"contact_phone": [_NO_WAY_BACK]})
    return answers
