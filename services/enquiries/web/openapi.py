"""The API's OpenAPI 3.1 document, at `/api/openapi.json`: made from the very schema that reads what is posted."""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache, singledispatch
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Response

from services.enquiries.schemas import PROGRAMMES, Answer, Choice, Day, Email, EnquiryForm, People, Telephone, Words
from services.enquiries.web.problems import MEDIA_TYPE

PATH = "/api/openapi.json"

EXAMPLE: dict[str, Any] = {
    "programme": next(iter(PROGRAMMES)),
    "establishment": "HMP Risley",
    "contact_name": "Alex Morgan",
    "contact_role": "Head of reducing reoffending",
    "contact_email": "alex.morgan@risley.example",
    "contact_phone": "01632 960 001 ext 12",
    "organisation": "HMP Risley",
    "group_size": 10,
    "preferred_start": "2027-01-12",
    "preferred_times": "Tuesdays, in the afternoon",
    "message": "We have a quiet room on the education corridor.",
}

_Shape = dict[str, Any]

# What reads as no answer at all: nothing, or nothing but space.
_BLANK = r"[ \t\n\r\f\v\u00a0]*"
_ONE_LINE = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]*"
_LINES = r"(?:[\t\n\r]|[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd])*"
_TELEPHONE = r"[ +()-]*[0-9][0-9 +()-]*(?:(?:[eE][xX][tT]\.?|[xX])[0-9 -]*)?"
_A_DAY = (
    r"2(?:0[0-9]{2}|100)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|20(?:[02468][048]|[13579][26])-02-29"
)
# The domains that reach nobody on the internet. Source: RFC 6761 and the list of special-use domain names.
_NOWHERE = r"[.@](?:arpa|ARPA|invalid|local|localhost|onion|test)$"
_NOT_BLANK = r"[^\s\u0000-\u001f\u007f-\u00a0]"

_NEVER = (
    " A prison number, an NHS number, a police (PNC) number or a date from more than ten years ago is refused: we keep "
    "nothing about anyone in prison."
)


@lru_cache(maxsize=4)
def openapi_document(public_url: str, today: date) -> str:
    """Give the document as JSON. `public_url` is where the API is; `today` a day to read the schema on."""
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="Keytalk enquiries",
        version="1.0.0",
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": "Send an enquiry about a programme as JSON, and get its reference."},
        servers=[{"url": public_url}],
    )
    converter: Any = plugin.converter
    converter.add_attribute_function(_described)
    spec.components.schema("Enquiry", component={"example": EXAMPLE}, schema=EnquiryForm(today))
    spec.components.schema("Receipt", component=_RECEIPT)
    spec.components.schema("Problem", component=_PROBLEM)
    spec.path(path="/api/enquiries", operations={"post": _post(), "options": _options()})
    spec.path(path=PATH, operations={"get": _get()})
    return json.dumps(spec.to_dict())


def mount(app: Flask, public_url: str, today: Any) -> None:
    """Give `app` the address of the document; `today()` gives the day."""

    def tell() -> Response:
        answer = Response(openapi_document(public_url, today()), mimetype="application/json")
        answer.headers["Cache-Control"] = "public, max-age=3600"
        return answer

    app.add_url_rule(PATH, "openapi", tell, methods=["GET"], provide_automatic_options=False)


def _described(_converter: Any, field: Any, **_: Any) -> _Shape:
    """Give the JSON Schema of one question of ours. Where it need not be answered, null and blank are no answer."""
    return {"description": field.label, **_shape_of(field)} if isinstance(field, Answer) else {}


@singledispatch
def _shape_of(field: Answer) -> _Shape:
    raise TypeError(f"{type(field).__name__} has no shape here yet")


@_shape_of.register
def _(field: Words) -> _Shape:
    writing = _LINES if field.lines else _ONE_LINE
    pattern = f"^{writing}{_NOT_BLANK}{writing}$" if field.required else f"^{writing}$"
    text = {"type": "string", "minLength": 1, "maxLength": field.most, "pattern": pattern}
    return {"description": f"{field.label}.{_NEVER}", **(text if field.required else _blank_or(text))}


@_shape_of.register
def _(_field: Choice) -> _Shape:
    return {"type": "string", "enum": list(PROGRAMMES)}


@_shape_of.register
def _(_field: Email) -> _Shape:
    return {"type": "string", "format": "email", "maxLength": 254, "not": {"pattern": _NOWHERE}}


@_shape_of.register
def _(_field: Telephone) -> _Shape:
    return _blank_or({"type": "string", "maxLength": 40, "pattern": f"^{_TELEPHONE}$"})


@_shape_of.register
def _(_field: Day) -> _Shape:
    return _blank_or({"type": "string", "pattern": f"^(?:{_A_DAY})$"})


@_shape_of.register
def _(_field: People) -> _Shape:
    return _blank_or({"type": "integer", "minimum": 1, "maximum": 500})


def _blank_or(answer: _Shape) -> _Shape:
    return {"anyOf": [answer, {"type": "string", "pattern": f"^{_BLANK}$"}, {"type": "null"}]}


_RECEIPT: _Shape = {
    "type": "object",
    "required": ["reference", "received_at", "next"],
    "additionalProperties": False,
    "properties": {
        "reference": {"type": "string", "description": "Names the enquiry from now on.", "examples": ["KT-7F3K-92"]},
        "received_at": {"type": "string", "format": "date-time"},
        "next": {"type": "string", "description": "What happens next, in a sentence."},
    },
}

_PROBLEM: _Shape = {
    "type": "object",
    "description": "What went wrong, after RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:keytalk:problem:invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A plain sentence with the reason and the mend."},
        "errors": {
            "type": "object",
            "description": "By question, the sentences that say what to change.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}

_KEY: _Shape = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same answers is one enquiry, however often it is sent.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$", "maxLength": 200},
}
_WAIT: _Shape = {
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}}
}
_ALLOW: _Shape = {"Allow": {"description": "What may be sent.", "required": True, "schema": {"type": "string"}}}


def _problem(description: str, headers: _Shape | None = None) -> _Shape:
    told: _Shape = {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS + "Problem"}}}}
    return told | ({"headers": headers} if headers else {})


_SCHEMAS = "#/components/schemas/"


def _post() -> _Shape:
    return {
        "operationId": "send_enquiry",
        "summary": "Send an enquiry",
        "parameters": [_KEY],
        "requestBody": {
            "required": True,
            "description": "Up to 64 KiB.",
            "content": {"application/json": {"schema": {"$ref": _SCHEMAS + "Enquiry"}, "example": EXAMPLE}},
        },
        "responses": {
            "201": {
                "description": "It is stored. A person replies within two working days.",
                "content": {"application/json": {"schema": {"$ref": _SCHEMAS + "Receipt"}}},
            },
            "400": _problem("It cannot be read as one JSON object in UTF-8."),
            "413": _problem("It is larger than 64 KiB."),
            "415": _problem("It is not application/json."),
            "422": _problem("Some answers need a change; each is named. Nothing was stored."),
            "429": _problem("Too much came from one address or sender. Nothing was stored.", _WAIT),
            "500": _problem("An accident on our side; the number in it finds it again."),
            "503": _problem("The store is away for the moment. Nothing was stored.", _WAIT),
        },
    }


def _options() -> _Shape:
    return {
        "operationId": "ask_what_may_be_sent",
        "summary": "What a browser asks before another website's page sends an enquiry",
        "responses": {"204": {"description": "What may be sent, and from which websites.", "headers": _ALLOW}},
    }


def _get() -> _Shape:
    return {
        "operationId": "get_openapi",
        "summary": "This document",
        "responses": {
            "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}
        },
    }
