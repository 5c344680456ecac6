"""What callers send about the words of messages: shape is checked here, with a sentence for each argument at fault."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.notifications.domain.reasons import has_prison_number
from services.notifications.domain.template_language import LONGEST_SOURCE

_NAME = "Give the name of a template, as `keytalk templates list` shows it."
_VERSION = "Give the number of a version; 0 are the words that come with Keytalk."
_WORDS = f"Give the words, at most {LONGEST_SOURCE:,} characters of them."
_REASON = "Say why in 3 to 200 characters; it is kept."
_MESSAGE = "Give the id of a message, as `keytalk messages list` shows it."


def _errors(words: str) -> dict[str, Any]:
    return dict.fromkeys(("required", "null", "invalid", "invalid_uuid", "too_large"), words)


def _words(**more: Any) -> fields.String:
    return fields.String(
        validate=validate.Length(1, LONGEST_SOURCE, error=_WORDS), error_messages=_errors(_WORDS), **more
    )


def _is_about_nobody_inside(value: str) -> None:
    if has_prison_number(value):
        raise ValidationError("Leave out anything about a person in prison: this looks like a prison number.")


class TemplateSchema(Schema):
    """Which template."""

    template = fields.String(required=True, validate=validate.Length(1, 60, error=_NAME), error_messages=_errors(_NAME))


class VersionSchema(TemplateSchema):
    """Which version of it; None for the usual one."""

    version = fields.Integer(
        strict=True,
        allow_none=True,
        load_default=None,
        validate=validate.Range(0, 1_000_000, error=_VERSION),
        error_messages=_errors(_VERSION),
    )


class WordsSchema(TemplateSchema):
    """The words of a template."""

    text = _words(required=True)
    html = _words(required=True)


class LintSchema(VersionSchema):
    """What is to be looked over: words, or else a version."""

    text = _words(allow_none=True, load_default=None)
    html = _words(allow_none=True, load_default=None)


class PreviewSchema(VersionSchema):
    """What is to be shown, and for which message."""

    message = fields.UUID(allow_none=True, load_default=None, error_messages=_errors(_MESSAGE))


class PublishSchema(VersionSchema):
    """What is to go live, and why."""

    reason = fields.String(
        required=True,
        validate=[validate.Length(3, 200, error=_REASON), _is_about_nobody_inside],
        error_messages=_errors(_REASON),
    )


class RevertSchema(PublishSchema):
    """What to go back to, and why."""

    version = fields.Integer(
        strict=True,
        load_default=0,
        validate=validate.Range(0, 1_000_000, error=_VERSION),
        error_messages=_errors(_VERSION),
    )
