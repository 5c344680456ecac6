"""What the words of each message are: the versions that ops wrote, and which is live."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, literal, select

from services.notifications.domain.messages import Message
from services.notifications.domain.template_catalogue import CATALOGUE, TemplateEntry
from services.notifications.domain.template_language import FILTERS, Part
from services.notifications.sending.rendering import kept_words
from services.notifications.tables import message_of, messages, template_versions
from shared.errors import Refused
from shared.persistence.bulk import is_any_of
from shared.persistence.types import AnyRow

AS_IT_COMES = 0
"""The number by which the words are asked for that come with Keytalk."""


@dataclass(frozen=True, slots=True)
class Live:
    """The words that ops published: their version, text and page, as they are written."""

    version: int
    text: str
    html: str


def live_words(connection: Connection, template: str) -> Live | None:
    """Give the words that ops published for a template; None where those that come with Keytalk are sent."""
    return live_words_among(connection, [template]).get(template)


def live_words_among(connection: Connection, templates: Collection[str]) -> dict[str, Live]:
    """Give the words that ops published, by template; those that are sent as they come with Keytalk are left out."""
    is_live = template_versions.c.state == literal("live", literal_execute=True)
    query = select(template_versions).where(is_any_of(connection, template_versions.c.template, templates), is_live)
    return {row.template: Live(row.version, row.text, row.html) for row in connection.execute(query)}


def list_templates(connection: Connection) -> list[dict[str, Any]]:
    """List every template by name: what it is for, who reads it, which version is live, which was drafted last."""
    columns = (template_versions.c.template, template_versions.c.version, template_versions.c.state)
    live: dict[str, int] = {}
    drafts: dict[str, int] = {}
    for row in connection.execute(select(*columns).order_by(template_versions.c.version)):
        if row.state == "live":
            live[row.template] = row.version
        elif row.state == "draft":
            drafts[row.template] = row.version
    return [
        {
            "template": entry.name,
            "audience": entry.audience.value,
            "purpose": entry.purpose,
            "live": live.get(entry.name, AS_IT_COMES),
            "draft": drafts.get(entry.name),
        }
        for entry in CATALOGUE.values()
    ]


def get_template(connection: Connection, template: str, version: int | None = None) -> dict[str, Any]:
    """Give a template with what may be written in it, its versions, and the words of one: of the live one unless said.

    Raises `Refused("not_found")` where there is no such template or version.
    """
    entry = entry_of(template)
    rows = _versions(connection, template)
    live = next((row.version for row in rows if row.state == "live"), AS_IT_COMES)
    chosen = live if version is None else version
    text, html = words_of(connection, template, chosen)
    return {
        "template": entry.name,
        "audience": entry.audience.value,
        "purpose": entry.purpose,
        "placeholders": [_placeholder(entry, name) for name in sorted(entry.names())],
        "ways": [{"name": name, "what": what} for name, what in FILTERS.items()],
        "parts": {part.value: list(part.parts) for part in Part},
        "live": live,
        "versions": [_version(row) for row in rows],
        "version": chosen,
        "text": text,
        "html": html,
    }


def words_of(connection: Connection, template: str, version: int) -> tuple[str, str]:
    """Give the text and the page of one version; 0 are those that come with Keytalk. Raises `Refused("not_found")`."""
    if version == AS_IT_COMES:
        return kept_words(entry_of(template).name)
    for row in _versions(connection, template):
        if row.version == version:
            return row.text, row.html
    why = f"There is no version {version} of {template}. `keytalk templates show {template}` lists them."
    raise Refused("not_found", why, {"version": [why]})


def draft_of(connection: Connection, template: str, version: int | None = None) -> int:
    """Give the version of the draft that is meant: the newest unless one is named. Raises `Refused`."""
    entry_of(template)
    drafts = [row.version for row in _versions(connection, template) if row.state == "draft"]
    if not drafts or version not in {None, *drafts}:
        raise Refused("refused", no_draft(template, version))
    return int(drafts[-1] if version is None else version)


def no_draft(template: str, version: int | None) -> str:
    """Say that there is nothing to publish, and why."""
    what = f"version {version} of {template} is no draft" if version is not None else f"{template} has no draft"
    return f"There is nothing to publish: {what}. Draft its words first."


def entry_of(template: str) -> TemplateEntry:
    """Give what is known of a template. Raises `Refused("not_found")`."""
    entry = CATALOGUE.get(template)
    if entry is None:
        why = f"There is no template '{template}'. `keytalk templates list` shows them."
        raise Refused("not_found", why, {"template": [why]})
    return entry


def newest_messages(connection: Connection, template: str, limit: int) -> list[Message]:
    """Give the messages of a template that were entered last, the newest first."""
    query = select(messages).where(messages.c.template == template).order_by(messages.c.id.desc()).limit(limit)
    return [message_of(row) for row in connection.execute(query)]


def message_by_id(connection: Connection, template: str, message: UUID) -> Message:
    """Give one message of a template. Raises `Refused("not_found")`."""
    of_it = (messages.c.id == message) & (messages.c.template == template)
    row = connection.execute(select(messages).where(of_it)).first()
    if row is None:
        why = f"The ledger has no message {message} of {template}. `keytalk messages list` shows what there is."
        raise Refused("not_found", why, {"message": [why]})
    return message_of(row)


def _versions(connection: Connection, template: str) -> list[AnyRow]:
    query = select(template_versions).where(template_versions.c.template == template)
    return list(connection.execute(query.order_by(template_versions.c.version)))


def _version(row: AnyRow) -> dict[str, Any]:
    return {
        "version": row.version,
        "state": row.state,
        "made_at": row.made_at.isoformat(),
        "made_by": row.made_by,
        "published_at": row.published_at.isoformat() if row.published_at else None,
        "published_by": row.published_by,
        "reason": row.reason,
    }


def _placeholder(entry: TemplateEntry, name: str) -> dict[str, Any]:
    found = next(each for each in entry.placeholders if each.name == name)
    return {
        "name": found.name,
        "what": found.what,
        "sample": found.sample,
        "needed": found.needed,
        "in_subject": found.in_subject,
        "may_lack": found.may_lack,
    }
