"""A facilitator comes off sessions they were to lead. Why is nobody's business, and is nowhere kept."""

from __future__ import annotations

from uuid import UUID

from services.scheduling.domain.changes import Swap
from services.scheduling.domain.runs import Session
from services.scheduling.domain.words import listed
from services.scheduling.handlers import changing
from services.scheduling.handlers.offers import planned_sessions, run_of
from services.scheduling.records import load_run
from shared.errors import Refused
from shared.persistence.work import UnitOfWork


def withdraw_from_session(work: UnitOfWork, session_ids: tuple[UUID, ...], facilitator_id: UUID, *, actor: str) -> UUID:
    """Take someone off sessions of one run, and give the id of the change, from which the task to find cover follows.

    No reason is asked for or kept. Raises `Refused`: "not_found"; "refused" where the sessions do not stand any more,
    or they lead none or only some of them.
    """
    run = load_run(work.connection, run_of(work, session_ids), lock=True)
    wanted = planned_sessions(work, run, session_ids)
    _refuse_who_does_not_lead(wanted, facilitator_id)
    swap = Swap(tuple(each.id for each in wanted), out=facilitator_id, into=None)
    return changing.apply(work, run.id, swap, basis=None, actor=actor, accept_breaches=True)


def _refuse_who_does_not_lead(wanted: list[Session], facilitator_id: UUID) -> None:
    others = [str(each.number) for each in wanted if facilitator_id not in each.facilitator_ids]
    if others:
        why = f"They do not lead session {listed(others)}, so there is nothing to come off. Leave it out."
        raise Refused("refused", why, {"facilitator": [why]})
