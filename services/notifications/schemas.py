"""What callers send to notifications: shape is checked here, once, with a sentence for each argument at fault."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from marshmallow import Schema, ValidationError, fields

from services.notifications.domain.people import person_in
from services.notifications.domain.preferences import Preferences, Way
from shared.errors import Refused

_TIME: dict[str, Any] = {"invalid": "Write a time as hours and minutes, such as 18:00.", "null": "Give a time."}
_YES_OR_NO: dict[str, Any] = {"invalid": "Say yes or no.", "null": "Say yes or no."}
_CHANNEL: dict[str, Any] = {"null": "Choose one of: email, phone."}


class PreferencesSchema(Schema):
    """What somebody changes of how they wish to be written to; what is left out stays as it is."""

    channel = fields.Enum(Way, by_value=True, error_messages={"unknown": "Choose one of: email, phone.", **_CHANNEL})
    digest = fields.Boolean(error_messages=_YES_OR_NO)
    non_critical = fields.Boolean(error_messages=_YES_OR_NO)
    quiet = fields.Boolean(error_messages=_YES_OR_NO)
    quiet_from = fields.Time(format="%H:%M", error_messages=_TIME)
    quiet_until = fields.Time(format="%H:%M", error_messages=_TIME)


def read(schema: Schema, arguments: dict[str, Any]) -> Any:
    """Load arguments through a schema, or raise `Refused("invalid")` with each one's sentences."""
    try:
        return schema.load(arguments)
    except ValidationError as error:
        said = {str(name): [str(each) for each in sentences] for name, sentences in error.messages_dict.items()}
        raise Refused("invalid", "Some of this needs a change.", said) from None


def read_preferences(was: Preferences, said: dict[str, Any]) -> Preferences:
    """Give preferences as they become by what was said. Raises `Refused("invalid")`."""
    now: Preferences = replace(was, **read(PreferencesSchema(), said))
    if now.quiet and now.quiet_from == now.quiet_until:
        why = "Quiet hours need an end other than their beginning. Choose two different times, or no quiet hours."
        raise Refused("invalid", why, {"quiet_until": [why]})
    return now


def read_person(text: Any) -> str:
    """Give a person's id as it is stored. Raises `Refused("invalid")`."""
    person = person_in(str(text))
    if person is None:
        why = (
            "Name somebody as contact:ID or facilitator:ID, with the id that the lists show, or as enquirer:REFERENCE."
        )
        raise Refused("invalid", why, {"person": [why]})
    return person
