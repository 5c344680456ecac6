"""Which sessions to come do not keep a rule, for many runs at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from services.scheduling.domain.rules import breaches_of
from services.scheduling.domain.runs import Breach, Session
from services.scheduling.records.together import Together
from shared.persistence.types import AnyRow


def breaches_in(
    by_run: Mapping[UUID, list[Session]], runs: Mapping[UUID, AnyRow], together: Together
) -> Iterator[tuple[UUID, Session, Breach]]:
    """Put the rules about a session by itself to each, and give what is not kept, with its run.

    These are H1 to H9, H15 and H16, and whether the establishment is active. What somebody has decided to keep open is
    left out. The order of a run's sessions (H10) needs all of them, which `get_run` has.
    """
    for run_id, those in by_run.items():
        facts = together.facts_of(runs[run_id], those)
        for session in those:
            for breach in breaches_of(session, facts):
                if facts.override_of(breach, session) is None:
                    yield run_id, session, breach


def shown(
    found: Iterable[tuple[UUID, Session, Breach]], names: Mapping[UUID, str], where: Mapping[UUID, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Give breaches as they are drawn, the earliest session first; `where` has the establishments of runs."""
    ordered = sorted(found, key=lambda each: (each[1].starts_at(), str(each[1].id), each[2].rule, each[2].name))
    return [
        {
            "session": str(session.id),
            "run": str(run_id),
            "establishment": where[run_id],
            "number": session.number,
            "date": session.date.isoformat(),
            "rule": breach.rule,
            "name": breach.name,
            "why": breach.why,
            "facilitator": _person(breach.facilitator_id, names),
        }
        for run_id, session, breach in ordered
    ]


def _person(person: UUID | None, names: Mapping[UUID, str]) -> dict[str, str] | None:
    return None if person is None else {"id": str(person), "name": names.get(person, "")}
