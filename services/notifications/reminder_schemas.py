"""What callers send about reminders: shape is checked here, with a sentence for each argument at fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields, validate

from services.notifications.domain.reminder_rules import Offset, ReminderRule
from services.notifications.schemas import read
from shared.contracts.base import Event, NotInTheLanguage, contract_for, contract_of
from shared.contracts.scheduling import RunChanged
from shared.errors import Refused
from shared.messaging.envelope import Envelope, NotAnEnvelope

_OFFSETS = "Give a list of offsets, such as 5d and 1d."
_TIME = "Write a time as hours and minutes, such as 15:00."
_ON = "Say yes or no: true or false."
_BASIS = "Look at the preview first: it gives the basis to change the rule on."

LONGEST = 20
"""Characters of an offset."""
MOST_NEWS = 500
"""Events that one change is taken to publish: an import of a whole year's runs stays below it."""


class OffsetsField(fields.Field[tuple[Offset, ...]]):
    """Offsets as they are typed, such as 5d and 1d."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any
    ) -> tuple[Offset, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) and len(each) <= LONGEST for each in value):
            raise ValidationError(_OFFSETS)
        try:
            return tuple(map(Offset.parse, value))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class RuleSchema(Schema):
    """Other times of a rule; what is left out stays as it is."""

    offsets = OffsetsField(error_messages={"null": _OFFSETS})
    at = fields.Time(error_messages={"invalid": _TIME, "null": _TIME})
    is_on = fields.Boolean(error_messages={"invalid": _ON, "null": _ON})


class BasisSchema(Schema):
    """The token of the preview that somebody decided on."""

    basis = fields.String(
        required=True,
        validate=validate.Length(1, 200, error=_BASIS),
        error_messages=dict.fromkeys(("required", "null", "invalid"), _BASIS),
    )


def rule_asked(rule: ReminderRule, offsets: Any, at: Any, is_on: Any) -> ReminderRule:
    """Give a rule with what was asked for; what is None stays. Raises `Refused("invalid")`."""
    said = {name: value for name, value in (("offsets", offsets), ("at", at), ("is_on", is_on)) if value is not None}
    asked = read(RuleSchema(), said)
    changed = rule.edited(asked.get("offsets", rule.offsets), asked.get("at", rule.at), asked.get("is_on", rule.is_on))
    wrong = changed.problems()
    if wrong:
        raise Refused("invalid", "These times would not do.", wrong)
    return changed


def read_run_changed(event: Any) -> RunChanged:
    """Read what scheduling would publish of a change. Raises `Refused("invalid")`."""
    try:
        told: RunChanged = contract_of(RunChanged).load(event)
        _check_zones(told)
    except (ValidationError, TypeError, KeyError, ValueError):
        why = "Give the event as the preview of a change gives it when it is asked for the event."
        raise Refused("invalid", why, {"event": [why]}) from None
    return told


def read_news(news: Any) -> list[Envelope]:
    """Read the events that a change would publish. Raises `Refused("invalid")`."""
    if not isinstance(news, list) or len(news) > MOST_NEWS:
        why = f"Give a list of up to {MOST_NEWS} events."
        raise Refused("invalid", why, {"news": [why]})
    try:
        told = [Envelope.from_dict(each) for each in news]
        for each in told:
            _check_zones(contract_for(each.type).load(each.data))
    except (NotAnEnvelope, NotInTheLanguage, ValidationError, TypeError, KeyError, ValueError):
        why = "Give the events as the dry run of a change gives them."
        raise Refused("invalid", why, {"news": [why]}) from None
    return told


def _check_zones(event: Event) -> None:
    """Look up the time zones of an event's sessions, where it has some. Raises `KeyError` or `ValueError`."""
    for session in (*(getattr(event, "sessions", None) or ()), *(getattr(event, "cancelled", None) or ())):
        ZoneInfo(session.zone)
