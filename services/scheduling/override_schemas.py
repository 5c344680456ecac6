"""What callers send to keep a rule open."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from services.scheduling.domain.commands import OverrideRule
from services.scheduling.domain.facts import OVERRIDABLE
from services.scheduling.domain.words import has_prison_number
from services.scheduling.schemas import ID

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _reason(value: str) -> None:
    if not 10 <= len(value.strip()) <= 500:
        raise ValidationError(
            "Say in 10 to 500 characters why this rule is not kept, and in what role somebody agreed to it."
        )
    if _UNPRINTABLE.search(value):
        raise ValidationError("Write the reason on one line, in plain text.")
    if has_prison_number(value):
        raise ValidationError("Leave out anything about a person in prison: this looks like a prison number.")


class OverrideSchema(Schema):
    """The arguments of `override_rule`."""

    rule = fields.String(
        required=True,
        validate=validate.OneOf(
            sorted(OVERRIDABLE, key=lambda rule: int(rule[1:])),
            error="Only H1 (the window), H2 (closed dates), H9 (the smallest group) and H12 (the agreement) can be "
            "kept open. What would mend another rule stands beside each breach.",
        ),
    )
    session = fields.UUID(load_default=None, allow_none=True, error_messages=ID)
    reason = fields.String(required=True, validate=_reason, error_messages={"required": "Say why."})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> OverrideRule:
        """Give the command."""
        return OverrideRule(data["rule"], data["session"], data["reason"].strip())
