"""What callers send about cover and offers: shape is checked here, once, with a sentence for each argument at fault."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from services.scheduling.domain.commands import MakeOffer
from services.scheduling.domain.offers import ROLES, STATES

_ID: dict[str, Any] = {
    "invalid_uuid": "Give an id as the lists show it.",
    "required": "Give an id.",
    "null": "Give an id.",
}
_LIST: dict[str, Any] = {
    "required": "Give the id of at least one session.",
    "invalid": "Give a list of ids of sessions.",
    "null": "Give the id of at least one session.",
}


def _sessions() -> fields.List[Any]:
    return fields.List(
        fields.UUID(error_messages=_ID),
        required=True,
        error_messages=_LIST,
        validate=validate.Length(1, 60, error="Give from 1 to 60 sessions."),
    )


class _Named(Schema):
    sessions = _sessions()
    facilitator = fields.UUID(required=True, error_messages=_ID)


class WithdrawalSchema(_Named):
    """The arguments of `withdraw_from_session`: gives the ids of sessions, each once, and of the facilitator."""

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give them by the handler's names."""
        return {"session_ids": tuple(dict.fromkeys(data["sessions"])), "facilitator_id": data["facilitator"]}


class OfferSchema(_Named):
    """The arguments of `make_offer`."""

    role = fields.String(
        load_default="cover", validate=validate.OneOf(ROLES, error=f"Choose one of: {', '.join(ROLES)}.")
    )
    instead_of = fields.UUID(load_default=None, allow_none=True, error_messages=_ID)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> MakeOffer:
        """Give the command."""
        once = tuple(dict.fromkeys(data["sessions"]))
        return MakeOffer(once, data["facilitator"], data["role"], data["instead_of"])


class OfferListSchema(Schema):
    """What offers may be listed by."""

    run_id = fields.UUID(data_key="run", load_default=None, allow_none=True, error_messages=_ID)
    session_id = fields.UUID(data_key="session", load_default=None, allow_none=True, error_messages=_ID)
    facilitator_id = fields.UUID(data_key="facilitator", load_default=None, allow_none=True, error_messages=_ID)
    state = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(STATES, error=f"Choose one of: {', '.join(STATES)}."),
    )
