"""The rules about what has to be in hand before anybody goes in: H13 and H14. Confirming does not wait for them."""

from __future__ import annotations

from services.scheduling.domain.facts import Facts
from services.scheduling.domain.programmes import KitItem
from services.scheduling.domain.runs import Breach, Session
from services.scheduling.domain.words import in_words


def gate_memo_is_approved(session: Session, facts: Facts) -> tuple[Breach, ...]:
    """H13: an approved gate memo covers the session as it is now. A remote session needs none."""
    if facts.is_remote or session.id in facts.memo_approved:
        return ()
    why = (
        f"No approved gate memo covers the session on {in_words(session.date)} at {facts.establishment.name} as it "
        "stands. Sending the memo, and the prison's approval, would mend it."
    )
    return (Breach("H13", "gate_memo_is_approved", why),)


def kit_is_approved(session: Session, facts: Facts) -> tuple[Breach, ...]:
    """H14: each item of the programme's kit is approved for that date, or the run does without it."""
    if facts.is_remote:
        return ()
    needed = [each for each in facts.programme.kit if each.item not in facts.left_out_kit]
    return tuple(found for item in needed if (found := _why_not_approved(item, session, facts)))


def _why_not_approved(item: KitItem, session: Session, facts: Facts) -> Breach | None:
    approval, place = facts.kit_approvals.get(item.item), facts.establishment.name
    if approval is not None and approval.holds_on(session.date):
        return None
    on = in_words(session.date)
    if approval is None:
        why = f"{place} has not been asked about {item.item} for the session on {on}. Its approval"
    elif approval.state == "refused":
        why = f"{place} does not allow {item.item}, which the session on {on} would use. Another way of doing it"
    elif approval.state == "approved" and approval.valid_until:
        ended = in_words(approval.valid_until)
        why = f"{place} allowed {item.item} until {ended}, before the session on {on}. A renewed approval"
    else:
        why = f"{place} has been asked about {item.item} for the session on {on} and has not answered. Its approval"
    return Breach("H14", "kit_is_approved", f"{why}, or leaving the item out, would mend it.")
