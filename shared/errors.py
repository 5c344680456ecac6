"""The one error a caller may see, and how it reads as `application/problem+json`."""

from __future__ import annotations

from typing import Any, Literal

Code = Literal["invalid", "not_found", "conflict", "refused", "unavailable", "forbidden", "too_many_requests"]

TITLES: dict[str, tuple[int, str]] = {
    "invalid": (422, "Some answers need a change"),
    "not_found": (404, "Not found"),
    "conflict": (409, "Someone else changed this first"),
    "refused": (409, "This is not possible as things stand"),
    "unavailable": (503, "Not available just now"),
    "forbidden": (403, "Not allowed"),
    "too_many_requests": (429, "Please wait a little"),
}


class Refused(Exception):
    """What was asked cannot be done; the words are fit for the person who asked.

    `code` says which kind of refusal it is (see `TITLES` for each one's HTTP status), `detail` is one plain
    sentence with the reason and the mend, `fields` names the answers at fault, each with its own sentences.
    It crosses RPC as its three arguments, so they stay JSON. `kind` stays with who called a service, and says why it
    is "unavailable": `service-timeout`, `service-down`, `broker-away` or `service-fault`.
    """

    def __init__(
        self, code: Code, detail: str, fields: dict[str, list[str]] | None = None, *, kind: str | None = None
    ) -> None:
        super().__init__(code, detail, fields or {})
        self.code: Code = code
        self.detail = detail
        self.fields = fields or {}
        self.kind = kind

    def __str__(self) -> str:
        return self.detail

    @property
    def status(self) -> int:
        """The HTTP status of this refusal."""
        return TITLES[self.code][0]


def problem(refused: Refused) -> dict[str, Any]:
    """Give the RFC 9457 body of a refusal: type, title, status, detail and errors by field."""
    status, title = TITLES[refused.code]
    body: dict[str, Any] = {
        "type": f"urn:keytalk:problem:{refused.code.replace('_', '-')}",
        "title": title,
        "status": status,
        "detail": refused.detail,
    }
    if refused.fields:
        body["errors"] = refused.fields
    return body
