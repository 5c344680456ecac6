"""What is held on a person: to give, to erase, and to let go of in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from services.enquiries.domain.privacy import Person
from services.enquiries.doors.words import optional_words, today
from services.enquiries.handlers import privacy, retention
from services.enquiries.queries import privacy as held
from services.enquiries.queries.retention import preview
from shared.clock import day_in_london
from shared.config import Settings
from shared.doors.jobs import runs
from shared.doors.rpc import Caller, CallerProvider, change, operation
from shared.doors.settings import SettingsProvider
from shared.errors import Refused
from shared.messaging.jobs import daily
from shared.paging import page_size
from shared.persistence.work import Store

RETENTION_LEASE = timedelta(minutes=10)


class PrivacyDoors:
    """What is held on a person: to give, to erase, and to let go of in time."""

    store: Store
    settings: Settings = SettingsProvider()
    others: Caller = CallerProvider()

    @change
    def export_person(self, person: str, actor: str | None = None) -> dict[str, Any]:
        """Give everything that every service holds on a person, or refuse where one cannot be asked."""
        keys = self.settings.secret_keys
        with self.store.database.reading() as connection:
            who = held.find_person(connection, person)
            here = held.gather(connection, who, keys)
        elsewhere = self._held_elsewhere(who)
        with self.store.work() as work:
            given = {"tables": {name: len(rows) for name, rows in here.items() if rows}}
            request = privacy.settle_request(work, privacy.EXPORT, who, keys, given, actor or "unnamed")
            asked = {"request_id": str(request.id), "at": work.now.isoformat()}
            return work.answer_unkept({**asked, "enquiries": here, **elsewhere})

    def _held_elsewhere(self, who: Person) -> dict[str, Any]:
        ids: dict[str, Any] = {
            "references": list(who.references),
            "person_ids": [str(each) for each in who.contact_ids],
        }
        emails = sorted(who.emails)
        try:
            return {
                "scheduling": self.others.call("scheduling", "export_person", **ids, emails=emails),
                "notifications": self.others.call("notifications", "export_person", **ids, emails=emails),
            }
        except Refused as refused:
            why = "Not every service could be asked, so this would not be everything. Nothing was given."
            raise Refused("unavailable", f"{why} {refused.detail}") from None

    @change
    def erase_person(
        self, person: str, reason: str, received_on: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Erase a person here and, by an event, everywhere; give a receipt of what went and what stays, and why."""
        day = _day(received_on) if received_on else None
        with self.store.work() as work:
            keys = self.settings.secret_keys
            why = optional_words(reason, "reason", today(self.store)) or ""
            receipt = privacy.erase_person(work, person, keys, reason=why, received_on=day, actor=actor or "unnamed")
            return work.answer(receipt)

    @change
    def note_data_request(
        self, person: str, kind: str, received_on: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Note that somebody asks for their data, or to be erased, and by when that is due."""
        if kind not in (privacy.EXPORT, privacy.ERASURE):
            why = "Choose export or erasure."
            raise Refused("invalid", why, {"kind": [why]})
        with self.store.work() as work:
            day = _day(received_on) if received_on else day_in_london(work.now)
            keys = self.settings.secret_keys
            row = privacy.note_request(work, kind, person, keys, day, actor or "unnamed")
            return work.answer(
                {
                    "request_id": str(row.id),
                    "kind": row.kind,
                    "received_on": row.received_on.isoformat(),
                    "due_on": row.due_on.isoformat(),
                    "internal_due_on": privacy.due(row.received_on).internal.isoformat(),
                }
            )

    @operation
    def list_data_requests(self, limit: int = 100) -> list[dict[str, Any]]:
        """List requests about personal data, those that are open first."""
        with self.store.database.reading() as connection:
            return held.list_data_requests(connection, limit=page_size(limit))

    @operation
    def preview_retention(self, limit: int = 200) -> list[dict[str, Any]]:
        """List what has had its time and would go tonight, and why; `limit` counts for each kind of record."""
        with self.store.database.reading() as connection:
            return preview(connection, self.store.clock(), limit=page_size(limit))

    @change
    def run_retention(self, actor: str | None = None) -> dict[str, Any]:
        """Let go now of what has had its time, without waiting for the night."""
        with self.store.work() as work:
            work.schedule(retention.KEEP_NO_LONGER, "asked for", work.now)
            return work.answer({"begins_at": work.now.isoformat()})

    @runs(retention.KEEP_NO_LONGER, lease=RETENTION_LEASE, every=daily(retention.HOUR))
    def keep_no_longer(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Let go of what has had its time."""
        retention.keep_no_longer(self.store, stopping)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        why = "Write the day on which it was asked like 2027-01-05."
        raise Refused("invalid", why, {"received_on": [why]}) from None
