"""What callers send about reminders: shape is checked here, with a sentence for each argument at fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields, validate

from services.notifications.domain.reminder_rules import Offset, ReminderRule
from services.notifications.schemas import read
from shared.contracts.base import contract_of
from shared.contracts.scheduling import RunChanged
from shared.errors import Refused

_OFFSETS = "Give a list of offsets, such as 5d and 1d."
_TIME = "Write a time as hours and minutes, such as 15:00."
_ON = "Say yes or no: true or false."
_BASIS = "Look at the preview first: it gives the basis to change the rule on."

LONGEST = 20
"""Characters of an offset."""


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
        for each in (*told.sessions, *told.cancelled):
            ZoneInfo(each.zone)
    except (ValidationError, TypeError, KeyError, ValueError):
        why = "Give the event as the preview of a change gives it when it is asked for the event."
        raise Refused("invalid", why, {"event": [why]}) from None
    return told
