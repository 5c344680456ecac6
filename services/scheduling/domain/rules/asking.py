"""The rules about what was asked for and agreed: H9, H12, H15 and H16."""

from __future__ import annotations

from services.scheduling.domain.facts import Facts
from services.scheduling.domain.runs import Breach, Run, Session
from services.scheduling.domain.words import in_words

FOR_PRACTITIONERS = frozenset({"staff-training", "workshop"})
"""Kinds of programme whose groups are professionals, so that they can meet on screens."""


def group_is_large_enough(session: Session, facts: Facts) -> Breach | None:
    """H9: the group, where its size is known, has as many people as the programme asks for."""
    size, least = facts.group_size, facts.programme.min_group
    if size is None or size >= least:
        return None
    return Breach(
        "H9",
        "group_is_large_enough",
        f"The group on {in_words(session.date)} has {size} and {facts.programme.name} asks for {least} or more. "
        f"{least - size} more, or running it smaller by name and with a reason, would mend it.",
    )


def group_is_not_too_large(session: Session, facts: Facts) -> Breach | None:
    """H9: the group has no more people than the programme holds. This is never waived."""
    size, most = facts.group_size, facts.programme.max_group
    if size is None or size <= most:
        return None
    return Breach(
        "H9",
        "group_is_not_too_large",
        f"The group on {in_words(session.date)} has {size} and {facts.programme.name} takes up to {most}. "
        f"{size - most} fewer, or a second group, would mend it.",
    )


def agreement_is_signed(run: Run, facts: Facts) -> Breach | None:
    """H12: the enquiry is won, which it is once the agreement is signed; or somebody holds written authority."""
    if facts.is_won:
        return None
    first = f" before its first session on {in_words(run.live[0].date)}" if run.live else ""
    return Breach(
        "H12",
        "agreement_is_signed",
        f"The enquiry {run.enquiry} is not won yet, and a run needs its agreement{first}. Signing the agreement and "
        "moving the enquiry on, or written authority by name, would mend it.",
    )


def under_18_is_approved(session: Session, facts: Facts) -> Breach | None:
    """H15: a place for people under 18 takes no session until somebody has approved that."""
    place = facts.establishment
    if not place.under_18 or place.under_18_approved:
        return None
    return Breach(
        "H15",
        "under_18_is_approved",
        f"{place.name} is for people under 18, and the session on {in_words(session.date)} needs an approval for that, "
        "which is not given yet. Approving the establishment would mend it.",
    )


def remote_is_for_practitioners(session: Session, facts: Facts) -> Breach | None:
    """H16: only practitioners meet on screens, never a group of people in prison."""
    if not facts.is_remote or facts.programme.kind in FOR_PRACTITIONERS:
        return None
    return Breach(
        "H16",
        "remote_is_for_practitioners",
        f"{facts.programme.name} is for people in prison, and remote sessions are for practitioners only; the session "
        f"on {in_words(session.date)} is planned as one. Planning the run in person would mend it.",
    )


def programme_has_the_mode(session: Session, facts: Facts) -> Breach | None:
    """H16: the programme can be held in the way that is planned, in person or remote."""
    if facts.mode in facts.programme.modes or remote_is_for_practitioners(session, facts):
        return None
    modes = {"in_person": "in person", "remote": "remotely"}
    other = " or ".join(modes[each] for each in facts.programme.modes)
    return Breach(
        "H16",
        "programme_has_the_mode",
        f"{facts.programme.name} cannot be held {modes[facts.mode]}, as the session on {in_words(session.date)} is "
        f"planned. Planning the run {other} would mend it.",
    )
