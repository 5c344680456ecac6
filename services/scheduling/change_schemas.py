"""What callers send about changes of runs. Reasons are words from lists: nothing is typed freely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.scheduling.domain.changes import Close
from services.scheduling.domain.commands import WEEKDAYS
from services.scheduling.domain.outcomes import CAUSES, CHARGE_REASONS, PARTIES, Charge
from services.scheduling.schemas import DATE, ID, TIME, one_of, read
from shared.errors import Refused

MOST_SESSIONS = 200
"""How many sessions one change may name."""


class Word(fields.String):
    """A word from a list, or the beginning of just one: "lockdown" for lockdown_or_incident."""

    def __init__(self, words: tuple[str, ...], **more: Any) -> None:
        super().__init__(error_messages={"required": f"Choose one of: {', '.join(words)}."}, **more)
        self.words = words

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> Any:
        said = str(super()._deserialize(value, attr, data, **more)).lower().replace("-", "_")
        fitting = [each for each in self.words if each == said] or [
            each for each in self.words if said and each.startswith(said)
        ]
        if len(fitting) != 1:
            raise ValidationError(f"Choose one of: {', '.join(self.words)}.")
        return fitting[0]


def _session(**more: Any) -> fields.String:
    why = "Give the number of a session, such as 9, or its id."
    return fields.String(
        validate=validate.Regexp(r"^(\d{1,3}|[0-9a-fA-F-]{32,36})$", error=why),
        error_messages={"required": why, "invalid": why, "null": why},
        **more,
    )


def _sessions(**more: Any) -> fields.List[Any]:
    count = validate.Length(max=MOST_SESSIONS, error=f"Name up to {MOST_SESSIONS} sessions at once.")
    why = "Give a list of numbers of sessions, or of their ids."
    return fields.List(_session(), validate=count, error_messages={"invalid": why, "required": why}, **more)


def _date() -> fields.Date:
    return fields.Date(required=True, error_messages=DATE)


def _time() -> fields.Time:
    return fields.Time(load_default=None, allow_none=True, error_messages=TIME)


class CancelSchema(Schema):
    """Sessions that fall out, with nothing in their place."""

    sessions = _sessions(required=True)
    cause = Word(CAUSES, required=True)
    party = Word(PARTIES, required=True)
    remedy = fields.String(load_default="drop", validate=one_of(("drop", "merge")))


class CascadeSchema(Schema):
    """A session that falls out, and all later ones that move on."""

    session = _session(required=True)
    cause = Word(CAUSES, required=True)
    party = Word(PARTIES, required=True)


class MakeUpSchema(Schema):
    """A session on another date in the place of one that falls out."""

    session = _session(required=True)
    date = _date()
    start = _time()
    cause = Word(CAUSES, load_default=None, allow_none=True)
    party = Word(PARTIES, load_default=None, allow_none=True)


class MoveSchema(Schema):
    """A session on another date."""

    session = _session(required=True)
    date = _date()
    start = _time()


class MoveOnSchema(Schema):
    """A session and all later ones, from a date on."""

    session = _session(required=True)
    date = _date()


class MoveRunSchema(Schema):
    """All that was not held, from another start."""

    start = _date()


class ChangeSlotSchema(Schema):
    """Another weekday, window or time."""

    weekday = fields.String(load_default=None, allow_none=True, validate=one_of(WEEKDAYS))
    window = fields.String(load_default=None, allow_none=True, validate=one_of(("am", "pm", "day")))
    time = _time()
    from_session = _session(load_default=None, allow_none=True, data_key="from")


class SwapSchema(Schema):
    """Who leaves and who comes. Without sessions it is all that is still to be held, and the team."""

    sessions = _sessions(load_default=list)
    out = fields.UUID(load_default=None, allow_none=True, error_messages=ID)
    into = fields.UUID(load_default=None, allow_none=True, error_messages=ID)


SCHEMAS: Mapping[str, type[Schema]] = {
    "cancel": CancelSchema,
    "cascade": CascadeSchema,
    "make_up": MakeUpSchema,
    "move": MoveSchema,
    "move_on": MoveOnSchema,
    "move_run": MoveRunSchema,
    "change_slot": ChangeSlotSchema,
    "swap": SwapSchema,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A change as it was asked for: sessions may be named by their numbers still."""

    kind: str
    answers: Mapping[str, Any]


def read_change(change: Any) -> Asked:
    """Read a change, such as `{"kind": "cascade", "session": 9, ...}`, or raise `Refused("invalid")`."""
    if not isinstance(change, Mapping) or str(change.get("kind")) not in SCHEMAS:
        why = f"Say which kind of change it is: {', '.join(SCHEMAS)}."
        raise Refused("invalid", why, {"kind": [why]})
    answers = {str(name): _as_text(name, value) for name, value in change.items() if name != "kind"}
    return Asked(change["kind"], read(SCHEMAS[change["kind"]](), **answers))


def _as_text(name: str, value: Any) -> Any:
    """Take a number of a session as well as its text."""
    if name in {"session", "from"} and isinstance(value, int):
        return str(value)
    if name == "sessions" and isinstance(value, list):
        return [str(each) if isinstance(each, int) else each for each in value]
    return value


class ChargeSchema(Schema):
    """What was decided on charging, otherwise than the rule."""

    chargeable = fields.Boolean(
        load_default=None, allow_none=True, error_messages={"invalid": "Say yes or no: true or false."}
    )
    charge_reason = fields.String(load_default=None, allow_none=True, validate=one_of(CHARGE_REASONS))

    @validates_schema
    def both(self, data: dict[str, Any], **_: Any) -> None:
        """Ask for a reason with a decision, and for a decision with a reason."""
        missing = [name for name in ("chargeable", "charge_reason") if data.get(name) is None]
        if len(missing) == 1:
            why = f"Give both: whether it is charged, and why ({', '.join(CHARGE_REASONS)})."
            raise ValidationError(why, missing[0])

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Charge | None:
        """Give the decision, if one was taken."""
        return None if data["chargeable"] is None else Charge(data["chargeable"], data["charge_reason"])


class CloseSchema(Schema):
    """An establishment that closes: `remedies` names what is done about single sessions, by their ids."""

    establishment = fields.String(required=True, validate=validate.Length(1, 10))
    first = _date()
    last = fields.Date(load_default=None, allow_none=True, error_messages=DATE)
    cause = Word(CAUSES, required=True, data_key="reason")
    party = Word(PARTIES, load_default="prison")
    remedy = Word(("cascade", "make_up", "drop"), load_default="cascade")
    remedies = fields.Dict(keys=fields.UUID(error_messages=ID), values=Word(("cascade", "make_up", "drop")))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Close:
        """Give the closure: one day, where no last one is given."""
        return Close(
            data["establishment"],
            data["first"],
            data["last"] or data["first"],
            data["cause"],
            data["remedy"],
            data["party"],
            tuple(data.get("remedies", {}).items()),
        )


class ConfirmedSchema(Schema):
    """What goes with applying a change: the token of the preview, and whether its breaches are accepted."""

    basis = fields.String(
        required=True,
        validate=validate.Length(1, 200),
        error_messages={"required": "Look at the preview first: it gives the basis to apply it on."},
    )
    accept_breaches = fields.Boolean(load_default=False, error_messages={"invalid": "Say true or false."})
