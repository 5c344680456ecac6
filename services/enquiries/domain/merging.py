"""When two enquiries may be laid together, and who is written to then. Nothing is lost by it: both keep every word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.enquiries.domain.pipeline import Stage
from services.enquiries.domain.standing import Standing
from shared.errors import Refused


@dataclass(frozen=True, slots=True)
class Side:
    """What merging needs to know of one enquiry."""

    reference: str
    standing: Standing
    stage: Stage
    merged_into: str | None
    erased: bool


def check_merge(one: Side, into: Side) -> None:
    """Make sure that `one` may be merged into `into`, which heads its own thread. Raises `Refused` with the reason."""
    if one.reference == into.reference:
        _refuse(f"{one.reference} and the enquiry it is to be merged into are one thread already.")
    if one.standing is Standing.MERGED:
        _refuse(f"{one.reference} lies with {one.merged_into} already. Un-merge it first, then merge it again.")
    for side in (one, into):
        _check_side(side)
    if one.stage is Stage.WON:
        _refuse(
            f"{one.reference} is won, and its run goes by it. Merge the other enquiry into {one.reference} instead."
        )


def _check_side(side: Side) -> None:
    if side.standing is Standing.QUARANTINED:
        _refuse(f"{side.reference} is in quarantine. Release it first if it is a real enquiry.")
    if side.stage is Stage.SPAM:
        _refuse(f"{side.reference} is closed as spam. Move it back to new first if it is a real enquiry.")
    if side.erased:
        _refuse(f"The words of {side.reference} were erased at the person's wish, so there is nothing to merge.")


def check_unmerge(one: Side) -> None:
    """Make sure that `one` is merged. Raises `Refused` with the reason."""
    if one.standing is not Standing.MERGED:
        _refuse(f"{one.reference} is not merged with another enquiry, so there is nothing to take apart.")


@dataclass(frozen=True, slots=True)
class Link:
    """One change of whom a thread is answered to: the contact's id, and the enquiry whose merging brought it.

    `by` is None where an operator chose the person.
    """

    contact: str | None
    by: str | None


def answered_to(links: Sequence[Link], newest: str | None) -> str | None:
    """Give whom a thread is answered to once an enquiry was taken out of it; None is whoever asked first.

    `links` are the changes so far, the oldest first; `newest` is the contact of the latest of those that still lie
    with it. What an operator chose last stays. Otherwise it is the newest, and where there is none, whom an operator
    chose before that.
    """
    chosen = [link.contact for link in links if link.by is None]
    if links and links[-1].by is None:
        return chosen[-1]
    return newest or (chosen[-1] if chosen else None)


def pair_of(reference: str, other: str) -> tuple[str, str]:
    """Give two references in the one order in which a pair is kept."""
    first, second = sorted((reference, other))
    return first, second


def _refuse(why: str) -> None:
    raise Refused("refused", why)
