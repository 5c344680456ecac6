"""Taking a change back: the run as it was before it, as far as nothing has happened to it since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from services.scheduling.domain.changing import refuse_disorder
from services.scheduling.domain.making_anew import today
from services.scheduling.domain.runs import DONE, Run, Session, Skipped
from services.scheduling.domain.words import counted, in_words, listed
from shared.errors import Refused

T = TypeVar("T")


def reversed_run(run: Run, before: Run, after: Run, now: dt.datetime) -> Run:
    """Give a run with one change taken back, one version on: `before` and `after` are the run around that change.

    Every session the change touched is exactly as it was before, with a revision more. A session that it put in does
    not go: people were told of it, so it stays as superseded, and takes nobody's time. What other changes did to other
    sessions stays. Raises Refused ("refused") when such a session was held or changed since, or its day has passed;
    until the end of a day, what was cancelled on it can stand again.
    """
    was, became = _by_id(before), _by_id(after)
    ids = [each for each in became if was.get(each) != became[each]]
    current = _by_id(run)
    _refuse_held(current, ids)
    _refuse_changed(current, became, ids)
    back = {each: _as_before(current[each], was.get(each)) for each in ids}
    restored = replace(
        run,
        sessions=tuple(back.get(each.id, each) for each in run.sessions),
        facilitator_ids=_put_back(run.facilitator_ids, before.facilitator_ids, after.facilitator_ids, "team"),
        slot=_put_back(run.slot, before.slot, after.slot, "slot"),
        skipped=_skipped(run, before, after),
        version=run.version + 1,
        state=before.state if run.state in {"completed", "cancelled"} else run.state,
    )
    _refuse_past((*(current[each] for each in ids), *back.values()), today(run, now))
    _refuse_twins(restored)
    refuse_disorder(restored, back.values())
    return restored


def _by_id(run: Run) -> dict[UUID, Session]:
    return {each.id: each for each in run.sessions}


def _as_before(now_is: Session, was: Session | None) -> Session:
    revision = now_is.revision + 1
    return replace(now_is, state="superseded", revision=revision) if was is None else replace(was, revision=revision)


def _put_back(current: T, was: T, became: T, what: str) -> T:
    if was == became:
        return current
    if current != became:
        raise Refused("refused", f"A later change gave this run another {what}. Take that one back first.")
    return was


def _skipped(run: Run, before: Run, after: Run) -> tuple[Skipped, ...]:
    """Take out the dates that the change left out, and put in those that it no longer did."""
    kept = [each for each in run.skipped if each not in after.skipped or each in before.skipped]
    back = [each for each in before.skipped if each not in after.skipped and each not in kept]
    return tuple(sorted((*kept, *back), key=lambda each: each.date))


def _refuse_held(current: Mapping[UUID, Session], ids: Iterable[UUID]) -> None:
    held = [current[each] for each in ids if each in current and current[each].state in DONE]
    if held:
        one = held[0]
        raise Refused(
            "refused",
            f"H11: session {one.number} was held on {in_words(one.date)} since, so this change can no longer be taken "
            "back. What is still to come can be changed by itself.",
        )


def _refuse_changed(current: Mapping[UUID, Session], became: Mapping[UUID, Session], ids: Iterable[UUID]) -> None:
    """Raise Refused where a session is not as the change left it: its revision alone says nothing."""
    other = [became[each] for each in ids if each not in current or not _is_same(current[each], became[each])]
    if other:
        numbers = [str(each) for each in sorted({each.number for each in other})]
        what = "it" if len(numbers) == 1 else "them"
        raise Refused(
            "refused",
            f"A later change touched session {listed(numbers)}. Take back the changes of {what} made since first, the "
            "newest before the others.",
        )


def _is_same(one: Session, other: Session) -> bool:
    return replace(one, revision=0) == replace(other, revision=0)


def _refuse_past(those: Iterable[Session], on: dt.date) -> None:
    past = [each for each in those if each.is_live and each.date < on]
    if past:
        one = min(past, key=lambda each: each.date)
        raise Refused(
            "refused",
            f"H11: session {one.number} would be put on {in_words(one.date)}, or taken from it, and that day has "
            "passed. A cancellation is undone on the day itself; after it, make the session up instead.",
        )


def _refuse_twins(run: Run) -> None:
    numbers = [each.number for each in run.live]
    twins = sorted({each for each in numbers if numbers.count(each) > 1})
    if twins:
        raise Refused(
            "refused",
            f"{counted(len(twins), 'session')} would be there twice (number {listed([str(each) for each in twins])}), "
            "since something was put in its place after this change. Take that back first.",
        )
