"""The words of messages: versions, preview, lint."""

from __future__ import annotations

from typing import Any

from services.notifications.domain.template_lint import Finding
from services.notifications.doors.post_room import Post
from services.notifications.handlers import templates as handlers
from services.notifications.queries import templates as queries
from services.notifications.schemas import read
from services.notifications.sending.previewing import preview
from services.notifications.sending.template_checks import Words, has_errors, look_over
from services.notifications.template_schemas import (
    LintSchema,
    PreviewSchema,
    PublishSchema,
    RevertSchema,
    VersionSchema,
    WordsSchema,
)
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.persistence.work import Store

SOMEBODY = "somebody"
LOOKED_AT = 20
"""So many of the newest real messages are written with words that are looked over."""


class TemplateDoors:
    """The words of messages: read, drafted, looked over, shown, published, taken back."""

    store: Store
    post_room: Post

    @operation
    def list_templates(self) -> list[dict[str, Any]]:
        """List every message that Keytalk sends, and which words it has."""
        with self.store.database.reading() as connection:
            return queries.list_templates(connection)

    @operation
    def get_template(self, template: str, version: int | None = None) -> dict[str, Any]:
        """Give a template: what may be written in it, its versions, and the words of one."""
        which = read(VersionSchema(), {"template": template, "version": version})
        with self.store.database.reading() as connection:
            return queries.get_template(connection, which["template"], which["version"])

    @operation
    def lint_template(
        self, template: str, version: int | None = None, text: str | None = None, html: str | None = None
    ) -> dict[str, Any]:
        """Look over words, or a version: the live one unless said. `fit` says whether they could go live."""
        asked = read(LintSchema(), {"template": template, "version": version, "text": text, "html": html})
        if (asked["text"] is None) != (asked["html"] is None):
            why = "Give both parts, the text and the page."
            raise Refused("invalid", why, {"html" if asked["html"] is None else "text": [why]})
        with self.store.database.reading() as connection:
            found = queries.get_template(connection, asked["template"], asked["version"])
        words = (asked["text"] or found["text"], asked["html"] or found["html"])
        findings = self._findings(asked["template"], words)
        return {
            "template": asked["template"],
            "version": found["version"] if asked["text"] is None else None,
            "fit": not has_errors(findings),
            "findings": [finding.to_plain() for finding in findings],
        }

    @operation
    def preview_template(self, template: str, version: int | None = None, message: str | None = None) -> dict[str, Any]:
        """Show the words of a version as a real message would have them, the newest unless said; nothing is sent."""
        asked = read(PreviewSchema(), {"template": template, "version": version, "message": message})
        with self.store.database.reading() as connection:
            found = queries.get_template(connection, asked["template"], asked["version"])
            if asked["message"] is not None:
                shown = [queries.message_by_id(connection, asked["template"], asked["message"])]
            else:
                shown = queries.newest_messages(connection, asked["template"], 1)
        words = (found["text"], found["html"])
        sender = self.post_room.sender
        told = preview(asked["template"], words, shown[0] if shown else None, sender.directory, sender.organisation)
        return {"template": asked["template"], "version": found["version"], **told}

    @change
    def draft_template(self, template: str, text: str, html: str, actor: str | None = None) -> dict[str, Any]:
        """Keep words as a new draft."""
        said = read(WordsSchema(), {"template": template, "text": text, "html": html})
        with self.store.work() as work:
            words = (said["text"], said["html"])
            version = handlers.draft_template(work, said["template"], words, actor or SOMEBODY)
            return work.answer(queries.get_template(work.connection, said["template"], version))

    @change
    def publish_template(
        self, template: str, reason: str, version: int | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Have a draft sent from now on, once it is fit: the newest unless said."""
        asked = read(PublishSchema(), {"template": template, "version": version, "reason": reason})
        name = asked["template"]
        with self.store.database.reading() as connection:
            chosen = queries.draft_of(connection, name, asked["version"])
            words = queries.words_of(connection, name, chosen)
        findings = self._findings(name, words)
        with self.store.work() as work:
            handlers.publish_template(work, name, chosen, findings, asked["reason"], actor or SOMEBODY)
            return work.answer(queries.get_template(work.connection, name, chosen))

    @change
    def revert_template(self, template: str, reason: str, version: int = 0, actor: str | None = None) -> dict[str, Any]:
        """Go back to an earlier version, or with 0 to the words that come with Keytalk."""
        asked = read(RevertSchema(), {"template": template, "version": version, "reason": reason})
        name, chosen = asked["template"], asked["version"]
        with self.store.database.reading() as connection:
            words = queries.words_of(connection, name, chosen)
        findings = self._findings(name, words)
        with self.store.work() as work:
            live = handlers.revert_template(work, name, chosen, findings, asked["reason"], actor or SOMEBODY)
            return work.answer(queries.get_template(work.connection, name, live))

    def _findings(self, template: str, words: Words) -> list[Finding]:
        """Look words over, also as the newest messages would have them."""
        with self.store.database.reading() as connection:
            newest = queries.newest_messages(connection, template, LOOKED_AT)
        return look_over(template, words, self.post_room.sender.organisation, [each.facts for each in newest])
