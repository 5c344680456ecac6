"""Gate memos: made, sent, approved, and seen to be out of date as soon as a name, a date or an item is another."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.scheduling.domain.establishments import Establishment
from services.scheduling.domain.kit import Packed
from services.scheduling.domain.memos import SENT, due_on, fingerprint_of, first_date, still_holds
from services.scheduling.domain.programmes import Programme
from services.scheduling.domain.runs import NOT_HELD, Run
from services.scheduling.handlers.asking import ask_for, today
from services.scheduling.handlers.planning import hold_facilitators
from services.scheduling.handlers.telling import about_run
from services.scheduling.records import load_establishment, load_programme, load_run
from services.scheduling.records.facts import load_kit_approvals
from services.scheduling.records.papers import load_content, load_packing, load_runs_ahead, visits_of
from services.scheduling.tables import assignments, gate_memos, runs, sessions
from shared.contracts.scheduling import GateMemoChanged
from shared.errors import Refused
from shared.holidays import bank_holidays_in
from shared.persistence.types import AnyRow
from shared.persistence.work import UnitOfWork

_MENDED_BY_ANOTHER = ("draft", "refused", "out_of_date")
"""States of a memo that is of no use any more once the next version is made."""
LOOKED_AHEAD = dt.timedelta(days=120)
"""How far before a session its papers can be due: sixty working days and more."""


@dataclass(frozen=True, slots=True)
class _About:
    """What a memo is about."""

    run: Run
    establishment: Establishment
    programme: Programme


def make_memo(
    work: UnitOfWork,
    run_id: UUID,
    *,
    organisation: str,
    purpose: str | None,
    host: str | None,
    session_id: UUID | None,
    actor: str,
) -> UUID:
    """Make the next version of the memo about a run, or about one session of it, as a draft; give its id.

    It is about the sessions still to come. A former one that was not sent, was refused or is out of date is replaced
    now; one that the gate goes by stands until this one is sent. Raises `Refused`: "not_found", or "refused" where the
    run is not confirmed, is held remotely, has nothing to come, or brings what the prison has refused. Purpose and host
    are those of the version before where they are not given.
    """
    run = load_run(work.connection, run_id, lock=True)
    about = _about(work, run)
    _refuse_without_a_gate(run, session_id)
    visits = visits_of(run, today(work), session_id)
    if not visits:
        raise Refused("refused", "Nothing of this is still to come, so there is nobody to announce at the gate.")
    _refuse_kit_not_let_in(work, about)
    content = load_content(work.connection, run, about.establishment, about.programme, visits)
    content["organisation"] = organisation
    earlier = _of_series(run.id, session_id)
    before = _newest(work, earlier)
    useless = earlier & gate_memos.c.state.in_(_MENDED_BY_ANOTHER)
    work.connection.execute(update(gate_memos).where(useless).values(state="replaced"))
    row = {
        "id": work.new_id(),
        "run_id": run.id,
        "session_id": session_id,
        "state": "draft",
        "version": before.version + 1 if before else 1,
        "purpose": purpose or (before.purpose if before else _usual_purpose(about.programme)),
        "host": host or (before.host if before else None),
        "due_on": _due_on(about.establishment, visits[0].date),
        "content": content,
        "fingerprint": fingerprint_of(content),
        "made_at": work.now,
        "made_by": actor,
        "told": 0,
    }
    work.connection.execute(gate_memos.insert(), row)
    return UUID(str(row["id"]))


def _usual_purpose(programme: Programme) -> str:
    return f"{programme.name} ({programme.kind.replace('-', ' ')})"


def _of_series(run_id: UUID, session_id: UUID | None) -> Any:
    """Match the versions of one memo."""
    table = gate_memos.c
    same = table.session_id.is_(None) if session_id is None else table.session_id == session_id
    return (table.run_id == run_id) & same


def _newest(work: UnitOfWork, series: Any) -> AnyRow | None:
    newest = select(gate_memos).where(series).order_by(gate_memos.c.version.desc()).limit(1)
    return work.connection.execute(newest).first()


def _refuse_kit_not_let_in(work: UnitOfWork, about: _About) -> None:
    """Refuse a list with an item on it that the prison does not let in: the gate would keep it, or everybody, out."""
    approvals = load_kit_approvals(work.connection, about.establishment.id)
    refused = {item for item, approval in approvals.items() if approval.state == "refused"}
    packed = load_packing(work.connection, about.run, about.programme)
    wrong = [each for each in packed if each.item in refused]
    if wrong:
        said = " ".join(_not_let_in(each, about) for each in wrong)
        raise Refused("refused", f"{said} Then make the memo: keytalk memos make {about.run.id}")


def _not_let_in(packed: Packed, about: _About) -> str:
    way = f"keytalk kit leave-out {about.run.id} {shlex.quote(packed.instead_of or packed.item)}"
    return (
        f"'{packed.item}' may not be brought in at {about.establishment.name}, and it is on the kit list of this run. "
        f"Either leave it out: {way}; or bring something else: {way} --instead OTHER."
    )


def _refuse_without_a_gate(run: Run, session_id: UUID | None) -> None:
    if run.mode == "remote":
        raise Refused("refused", "This run is held remotely: nobody goes through a gate, so it needs no memo.")
    if run.state != "confirmed":
        why = f"This run is {run.state.replace('_', ' ')}. A memo is made once a run is confirmed, while it goes on."
        raise Refused("refused", why)
    if session_id is not None and session_id not in {each.id for each in run.sessions}:
        why = "This run has no such session. `keytalk runs show` shows the ids of its sessions."
        raise Refused("not_found", why, {"session": [why]})


def send_memo(work: UnitOfWork, memo_id: UUID) -> None:
    """Mark a draft as sent, which has the gate told; what the gate went by is replaced.

    Raises `Refused`: "not_found", "refused" where it is no draft, no longer says what is so, or lists what the
    prison has refused.
    """
    memo, about = _locked(work, memo_id)
    if memo.state != "draft":
        raise Refused("refused", f"This memo is {_spoken(memo.state)}. Make the next version, then send that.")
    _refuse_kit_not_let_in(work, about)
    _refuse_when_stale(work, memo, about)
    former = _of_series(memo.run_id, memo.session_id) & (gate_memos.c.version < memo.version)
    work.connection.execute(update(gate_memos).where(former).values(state="replaced"))
    _set(work, memo, "sent", sent_at=work.now)
    _tell(work, memo, about, "sent")


def approve_memo(work: UnitOfWork, memo_id: UUID, approval: str | None) -> None:
    """Record that the prison approved a memo, with its own number for that, if it gave one.

    Raises `Refused`: "not_found", "refused" where it was not sent, or no longer says what is so.
    """
    memo, about = _locked(work, memo_id)
    _refuse_unless_sent(memo)
    _refuse_when_stale(work, memo, about)
    _set(work, memo, "approved", settled_at=work.now, approval=approval)
    _tell(work, memo, about, "approved")


def refuse_memo(work: UnitOfWork, memo_id: UUID) -> None:
    """Record that the prison did not approve a memo, and ask somebody to talk to them.

    Raises `Refused`: "not_found", or "refused" where it was not sent.
    """
    memo, about = _locked(work, memo_id)
    _refuse_unless_sent(memo)
    _set(work, memo, "refused", settled_at=work.now)
    _tell(work, memo, about, "refused")
    title = f"Ask the prison what would help: the gate memo was not approved at {about.establishment.name}"
    _ask(work, about.run, f"memo-refused:{memo.id}", "memo_refused", title, today(work))


def mark_out_of_date(work: UnitOfWork, run: Run) -> tuple[UUID, ...]:
    """See which memos that the gate goes by no longer say what is so, mark and tell them; give their ids.

    `run` is the run as it has been saved. Somebody is asked to send each again, today. Call it after each change of a
    run, its people, or what they bring.
    """
    mine = (gate_memos.c.run_id == run.id) & gate_memos.c.state.in_(SENT)
    found = work.connection.execute(
        select(gate_memos).where(mine).order_by(gate_memos.c.version).with_for_update()
    ).all()
    if not found:
        return ()
    about = _about(work, run)
    stale = [memo for memo in found if not _holds(work, memo, about)]
    for memo in stale:
        _mark(work, memo, about)
    return tuple(memo.id for memo in stale)


def mark_out_of_date_of_person(work: UnitOfWork, facilitator_id: UUID) -> tuple[UUID, ...]:
    """Do what `mark_out_of_date` does for every run that somebody is still to lead sessions of."""
    live = sessions.c.state.not_in(NOT_HELD) & (sessions.c.date >= today(work))
    theirs = (
        select(sessions.c.run_id)
        .join_from(sessions, assignments, assignments.c.session_id == sessions.c.id)
        .where(assignments.c.facilitator_id == facilitator_id, live)
        .distinct()
        .order_by(sessions.c.run_id)
    )
    those = list(work.connection.scalars(theirs))
    # The runs are not locked: whoever confirms one locks its people after it, and here the person was locked first.
    found = [mark_out_of_date(work, load_run(work.connection, run_id)) for run_id in those]
    return tuple(memo_id for marked in found for memo_id in marked)


def _mark(work: UnitOfWork, memo: AnyRow, about: _About) -> None:
    _set(work, memo, "out_of_date")
    _tell(work, memo, about, "out_of_date")
    title = f"Send the gate memo again, since names, dates or items have changed at {about.establishment.name}"
    _ask(work, about.run, f"memo-out-of-date:{memo.id}", "memo_out_of_date", title, today(work))


def find_due(work: UnitOfWork) -> None:
    """Ask somebody for each memo and each kit list whose day has come and that is not on its way.

    The same task has the same key, so that it is safe to ask again every day.
    """
    now = today(work)
    went_out = gate_memos.c.sent_at.is_not(None) & gate_memos.c.session_id.is_(None)
    sent = set(work.connection.scalars(select(gate_memos.c.run_id).where(went_out)))
    for run in load_runs_ahead(work.connection, now, now + LOOKED_AHEAD):
        if run.id in sent:
            continue
        establishment = load_establishment(work.connection, run.establishment_id)
        due = _due_on(establishment, run.first)
        if due <= now:
            title = f"Make and send the gate memo for {establishment.name}"
            key = f"gate-memo-due:{run.id}:{run.first.isoformat()}"
            ask_for(work, key=key, reference=run.enquiry, kind="gate_memo_due", title=title, due_on=due)


def forget_hosts(work: UnitOfWork, references: Collection[str]) -> None:
    """Take the hosts out of the memos about some enquiries: one of them may be whoever was erased."""
    theirs = select(runs.c.id).where(runs.c.enquiry.in_(references))
    work.connection.execute(update(gate_memos).where(gate_memos.c.run_id.in_(theirs)).values(host=None))


def _locked(work: UnitOfWork, memo_id: UUID) -> tuple[AnyRow, _About]:
    """Give a memo and what it is about; nobody else changes either until this transaction ends."""
    run_id = work.connection.scalar(select(gate_memos.c.run_id).where(gate_memos.c.id == memo_id))
    if run_id is None:
        raise Refused("not_found", f"There is no gate memo {memo_id}. `keytalk memos list` shows them.")
    run = load_run(work.connection, run_id, lock=True)
    hold_facilitators(work, run)
    memo = work.connection.execute(select(gate_memos).where(gate_memos.c.id == memo_id)).one()
    return memo, _about(work, run)


def _about(work: UnitOfWork, run: Run) -> _About:
    establishment = load_establishment(work.connection, run.establishment_id)
    return _About(run, establishment, load_programme(work.connection, run.programme, run.programme_version))


def _refuse_unless_sent(memo: AnyRow) -> None:
    if memo.state != "sent":
        why = f"This memo is {_spoken(memo.state)}. Only one that was sent, and not answered, can be answered."
        raise Refused("refused", why)


def _refuse_when_stale(work: UnitOfWork, memo: AnyRow, about: _About) -> None:
    if not _holds(work, memo, about):
        raise Refused(
            "refused",
            "Since this memo was made, a name, a vehicle, a date, a time or an item has changed. "
            f"Make the next version, then send that: keytalk memos make {memo.run_id}",
        )


def _holds(work: UnitOfWork, memo: AnyRow, about: _About) -> bool:
    since = today(work)
    visits = visits_of(about.run, since, memo.session_id)
    now = load_content(work.connection, about.run, about.establishment, about.programme, visits)
    return still_holds(memo.content, now, since)


def _set(work: UnitOfWork, memo: AnyRow, state: str, **values: Any) -> None:
    work.connection.execute(update(gate_memos).where(gate_memos.c.id == memo.id).values(state=state, **values))


def _tell(work: UnitOfWork, memo: AnyRow, about: _About, state: str) -> None:
    counted = update(gate_memos).where(gate_memos.c.id == memo.id).values(told=gate_memos.c.told + 1)
    told = work.connection.scalar(counted.returning(gate_memos.c.told))
    event = GateMemoChanged(
        memo_id=memo.id,
        **about_run(about.run, about.establishment, about.programme),
        state=state,
        version=memo.version,
        first_date=first_date(memo.content, today(work)),
        due_on=memo.due_on,
    )
    work.record(event, subject=str(memo.id), sequence=told or 1)


def _ask(work: UnitOfWork, run: Run, key: str, kind: str, title: str, due: dt.date) -> None:
    ask_for(work, key=key, reference=run.enquiry, kind=kind, title=title, due_on=due)


def _due_on(establishment: Establishment, first: dt.date) -> dt.date:
    holidays = bank_holidays_in(establishment.nation)
    return due_on(first, establishment.memo_lead_days, holidays)


def _spoken(state: str) -> str:
    return state.replace("_", " ")
