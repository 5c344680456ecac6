"""What callers send about calendar feeds."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.scheduling.domain.feeds import KINDS


class FeedSchema(Schema):
    """The arguments of `make_feed`."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS, error=f"Choose one of: {', '.join(KINDS)}."))
    owner = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 36, error="Give the id of the facilitator or of the establishment."),
    )
