"""The form's pages: one question or a few that belong together on each, in this order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One page: its name in the form, what it asks, and the questions it holds. `short` heads its answers."""

    slug: str
    asks: str
    short: str
    questions: tuple[str, ...]


STEPS = (
    Step("programme", "What are you interested in?", "Programme", ("programme",)),
    Step("place", "Which prison or organisation is it for?", "Prison or organisation", ("establishment",)),
    Step("you", "About you", "About you", ("contact_name", "contact_role", "organisation")),
    Step("contact", "How can we reach you?", "How to reach you", ("contact_email", "contact_phone")),
    Step("group", "How many people would take part?", "Number of people", ("group_size",)),
    Step("when", "When would suit you?", "When", ("preferred_start", "preferred_times")),
    Step("more", "Is there anything else we should know?", "Anything else", ("message",)),
)
FIRST, LAST = STEPS[0], STEPS[-1]

_BY_SLUG: Mapping[str, Step] = {step.slug: step for step in STEPS}


def step_named(slug: str | None) -> Step | None:
    """Give the step of this name, or None where there is none."""
    return _BY_SLUG.get(slug or "")


def step_before(step: Step) -> Step | None:
    """Give the step before, or None at the first."""
    place = STEPS.index(step)
    return STEPS[place - 1] if place else None


def step_after(step: Step) -> Step | None:
    """Give the step after, or None at the last."""
    place = STEPS.index(step) + 1
    return STEPS[place] if place < len(STEPS) else None


def first_asking(names: Collection[str]) -> Step | None:
    """Give the first step that asks one of these questions, or None where none does."""
    return next((step for step in STEPS if any(name in names for name in step.questions)), None)
