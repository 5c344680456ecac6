"""Finding enquiries by words, by filters, and by filters that were kept."""

from __future__ import annotations

from typing import Any

from services.enquiries import queries
from services.enquiries.domain.filters import ANY, parse_cursor, parse_filter, parse_name
from services.enquiries.handlers import searching
from services.enquiries.schemas import PROGRAMMES
from shared.doors.rpc import change, operation
from shared.errors import Refused
from shared.paging import page_size
from shared.persistence.work import Store


class SearchDoors:
    """The doors to many enquiries at once."""

    store: Store

    @operation
    def list_enquiries(
        self,
        limit: int = 50,
        stage: str | None = None,
        after: str | None = None,
        saved: str | None = None,
        actor: str | None = None,
        **fields: Any,
    ) -> list[dict[str, Any]]:
        """List enquiries that a filter lets through, the newest first.

        `stage` and `fields` are those of `domain.filters.Filter`; they go before those of the filter kept as `saved`.
        `after` is the `cursor` of the last enquiry of the page before.
        """
        with self.store.database.reading() as connection:
            kept = queries.get_filter(connection, actor or "unnamed", parse_name(saved)) if saved else {}
            given = {name: value for name, value in {"stage": stage, **fields}.items() if value is not None}
            return queries.list_enquiries(
                connection,
                parse_filter({**kept, **given}, PROGRAMMES),
                now=self.store.clock(),
                limit=page_size(limit),
                after=parse_cursor(after) if after else None,
            )

    @operation
    def search_enquiries(
        self, words: str, limit: int = 50, after: str | None = None, standing: str = ANY
    ) -> list[dict[str, Any]]:
        """Find enquiries by words, beginnings of words or a reference, whatever their standing."""
        with self.store.database.reading() as connection:
            return queries.list_enquiries(
                connection,
                parse_filter({"text": words, "standing": standing}, PROGRAMMES),
                now=self.store.clock(),
                limit=page_size(limit),
                after=parse_cursor(after) if after else None,
            )

    @operation
    def list_filters(self, actor: str | None = None) -> list[dict[str, Any]]:
        """List the filters that you keep."""
        with self.store.database.reading() as connection:
            return queries.list_filters(connection, actor or "unnamed")

    @change
    def save_filter(self, name: str, fields: dict[str, Any], actor: str | None = None) -> dict[str, Any]:
        """Keep a filter under a name of yours."""
        if not isinstance(fields, dict) or not any(value is not None for value in fields.values()):
            why = "Give the fields to filter by, such as an owner or a stage."
            raise Refused("invalid", why, {"fields": [why]})
        name, kept = parse_name(name), {each: value for each, value in fields.items() if value is not None}
        parse_filter(kept, PROGRAMMES)
        with self.store.work() as work:
            searching.save_filter(work, name, kept, owner=actor or "unnamed")
            return work.answer({"name": name, "filter": kept})

    @change
    def forget_filter(self, name: str, actor: str | None = None) -> dict[str, Any]:
        """Keep a filter no longer."""
        name = parse_name(name)
        with self.store.work() as work:
            searching.forget_filter(work, name, owner=actor or "unnamed")
            return work.answer({"forgotten": name})
