"""Gate memos and kit."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from services.scheduling.documents import print_memo
from services.scheduling.handlers import kit, memos
from services.scheduling.paper_schemas import (
    ApprovalSchema,
    CountsSchema,
    ItemSchema,
    ItemsSchema,
    KitApprovalSchema,
    LeaveOutSchema,
    MemoSchema,
)
from services.scheduling.queries import papers
from services.scheduling.schemas import read, read_id
from shared.clock import day_in_london
from shared.config import Settings
from shared.doors.jobs import runs
from shared.doors.rpc import change, operation
from shared.doors.settings import SettingsProvider
from shared.errors import Refused
from shared.messaging.jobs import daily
from shared.paging import page_size
from shared.persistence.work import Store, UnitOfWork

FIND_DUE_PAPERS = "find_due_papers"
"""The kind of the job that looks each day for memos and kit lists whose day has come."""
EARLY = 5
"""The hour of UTC at which it looks: before anybody is at work."""


class PaperDoors:
    """Gate memos and kit. Where a memo is named, its id will do, or its run's: that means the newest of the run."""

    store: Store
    settings: Settings = SettingsProvider()

    @runs(FIND_DUE_PAPERS, every=daily(EARLY))
    def find_due_papers(self, subjects: list[str], stopping: Callable[[], bool]) -> None:
        """Ask somebody for each memo and each kit list whose day has come."""
        with self.store.work() as work:
            memos.find_due(work)
            kit.find_due_lists(work)

    @change
    def make_memo(
        self,
        run: str,
        purpose: str | None = None,
        host: str | None = None,
        session: str | None = None,
        actor: str | None = None,
    ) -> dict[str, Any]:
        """Make the next version of the memo about a run, or about one session of it, as a draft."""
        run_id = read_id(run, "run")
        session_id = read_id(session, "session") if session is not None else None
        said = read(MemoSchema(), purpose=purpose, host=host)
        with self.store.work() as work:
            made = memos.make_memo(
                work,
                run_id,
                organisation=self.settings.org_name,
                session_id=session_id,
                actor=actor or "unnamed",
                **said,
            )
            return work.answer(self._memo_shown(work, made))

    @change
    def send_memo(self, memo: str, actor: str | None = None) -> dict[str, Any]:
        """Send a draft to the gate: the contact of the enquiry is written to."""
        return self._change_memo(memo, memos.send_memo)

    @change
    def approve_memo(self, memo: str, approval: str | None = None, actor: str | None = None) -> dict[str, Any]:
        """Record that the prison approved a memo."""
        said = read(ApprovalSchema(), approval=approval)
        return self._change_memo(memo, lambda work, found: memos.approve_memo(work, found, said["approval"]))

    @change
    def refuse_memo(self, memo: str, actor: str | None = None) -> dict[str, Any]:
        """Record that the prison did not approve a memo."""
        return self._change_memo(memo, memos.refuse_memo)

    def _change_memo(self, named: str, act: Callable[[UnitOfWork, UUID], None]) -> dict[str, Any]:
        memo = read_id(named, "memo")
        with self.store.work() as work:
            found = papers.find_memo(work.connection, memo)
            act(work, found)
            return work.answer(self._memo_shown(work, found))

    def _memo_shown(self, work: UnitOfWork, memo_id: UUID) -> dict[str, Any]:
        return papers.get_memo(work.connection, memo_id, self._day_of_papers())

    @operation
    def get_memo(self, memo: str) -> dict[str, Any]:
        """Give one memo whole, with what is another now."""
        named = read_id(memo, "memo")
        with self.store.database.reading() as connection:
            return papers.get_memo(connection, papers.find_memo(connection, named), self._day_of_papers())

    @operation
    def list_memos(self, run: str | None = None, state: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """List memos, the one due first first; those that were replaced only where that state is asked for."""
        run_id = read_id(run, "run") if run is not None else None
        if state is not None and state not in papers.MEMO_STATES:
            why = f"Choose one of: {', '.join(papers.MEMO_STATES)}."
            raise Refused("invalid", why, {"state": [why]})
        with self.store.database.reading() as connection:
            return papers.list_memos(
                connection, self._day_of_papers(), run_id=run_id, state=state, limit=page_size(limit)
            )

    @operation
    def get_memo_pdf(self, memo: str) -> dict[str, str]:
        """Give a memo on paper: its file name, and the PDF in base64."""
        return self._memo_paper(self._memo_letter(memo))

    @operation
    def get_memo_letter(self, memo: str) -> dict[str, Any]:
        """Give what a message about a memo says, with the paper: beside what `get_memo` gives, name, pdf and ask.

        Raises `Refused` once it is replaced: there is nothing to say about it then.
        """
        letter = self._memo_letter(memo)
        if letter["state"] == "replaced":
            raise Refused("refused", f"Version {letter['version']} of this memo is replaced by a newer one.")
        return {**letter, **self._memo_paper(letter)}

    def _memo_letter(self, named: str) -> dict[str, Any]:
        return {**self.get_memo(named), "ask": self.settings.ops_mailbox}

    def _memo_paper(self, letter: dict[str, Any]) -> dict[str, str]:
        name = f"gate-memo-{letter['reference']}-version-{letter['version']}.pdf"
        return {"name": name, "pdf": base64.b64encode(print_memo(letter)).decode()}

    @change
    def request_kit(self, establishment: str, items: list[str], actor: str | None = None) -> list[dict[str, Any]]:
        """Note that an establishment was asked about items of kit."""
        said = read(ItemsSchema(), items=items)
        with self.store.work() as work:
            kit.request_kit(work, establishment, said["items"], actor=actor or "unnamed")
            return work.answer(papers.list_kit_approvals(work.connection, establishment))

    @change
    def approve_kit(
        self,
        establishment: str,
        item: str,
        until: str | None = None,
        approval: str | None = None,
        actor: str | None = None,
    ) -> list[dict[str, Any]]:
        """Record that an establishment lets an item in, until a date or for good."""
        said = read(KitApprovalSchema(), item=item, until=until, approval=approval)
        with self.store.work() as work:
            kit.approve_kit(work, establishment, actor=actor or "unnamed", **said)
            return work.answer(papers.list_kit_approvals(work.connection, establishment))

    @change
    def refuse_kit(self, establishment: str, item: str, actor: str | None = None) -> dict[str, Any]:
        """Record that an establishment does not let an item in; `needing` are the kit lists of runs that need it."""
        said = read(ItemSchema(), item=item)
        with self.store.work() as work:
            needing = kit.refuse_kit(work, establishment, said["item"], actor=actor or "unnamed")
            return work.answer(
                {
                    "approvals": papers.list_kit_approvals(work.connection, establishment),
                    "needing": [papers.get_kit_list(work.connection, run_id) for run_id in needing],
                }
            )

    @operation
    def list_kit_approvals(self, establishment: str) -> list[dict[str, Any]]:
        """List what an establishment says to items of kit."""
        with self.store.database.reading() as connection:
            return papers.list_kit_approvals(connection, establishment)

    @operation
    def get_kit_list(self, run: str) -> dict[str, Any]:
        """Give what a run brings, and how that stands."""
        with self.store.database.reading() as connection:
            return papers.get_kit_list(connection, read_id(run, "run"))

    @change
    def leave_out_kit(
        self, run: str, item: str, instead: str | None = None, actor: str | None = None
    ) -> dict[str, Any]:
        """Have a run do without an item, or bring something else; `out_of_date` are the memos to send again."""
        said, run_id = read(LeaveOutSchema(), item=item, instead=instead), read_id(run, "run")
        return self._change_kit_list(
            run_id, lambda work: kit.leave_out_kit(work, run_id, actor=actor or "unnamed", **said)
        )

    @change
    def bring_kit(self, run: str, item: str, actor: str | None = None) -> dict[str, Any]:
        """Have a run bring again what it was to do without; `out_of_date` are the memos to send again."""
        said, run_id = read(ItemSchema(), item=item), read_id(run, "run")
        return self._change_kit_list(run_id, lambda work: kit.bring_kit(work, run_id, said["item"]))

    def _change_kit_list(self, run_id: UUID, act: Callable[[UnitOfWork], tuple[UUID, ...]]) -> dict[str, Any]:
        with self.store.work() as work:
            stale = act(work)
            told = {"out_of_date": [str(memo_id) for memo_id in stale]}
            return work.answer({**papers.get_kit_list(work.connection, run_id), **told})

    @change
    def count_kit_out(self, session: str, counts: dict[str, int], actor: str | None = None) -> dict[str, Any]:
        """Note what goes in to a session."""
        said, session_id = read(CountsSchema(), counts=counts), read_id(session, "session")
        with self.store.work() as work:
            kit.count_out(work, session_id, said["counts"], actor=actor or "unnamed")
            return work.answer({"session": str(session_id), "counted_out": said["counts"]})

    @change
    def count_kit_in(self, session: str, counts: dict[str, int], actor: str | None = None) -> dict[str, Any]:
        """Note what came back from a session; `differences` says of which items another number did."""
        said, session_id = read(CountsSchema(), counts=counts), read_id(session, "session")
        with self.store.work() as work:
            found = kit.count_in(work, session_id, said["counts"], actor=actor or "unnamed")
            told = [
                {
                    "item": each.item,
                    "counted_out": each.counted_out,
                    "counted_in": each.counted_in,
                    "missing": each.missing,
                }
                for each in found
            ]
            return work.answer({"session": str(session_id), "counted_in": said["counts"], "differences": told})

    def _day_of_papers(self) -> dt.date:
        return day_in_london(self.store.clock())
