"""Words that the shell completes: those that stand in the program, such as states and kinds.

The services decide what they take: a word that is not among these is sent all the same, and refused with a reason. Ids
and references are not completed, as that would ask the gateway at every press of a key.
"""

from __future__ import annotations

from collections.abc import Callable

STAGES = (
    "new", "availability", "suitability", "next_steps", "agreement", "won", "declined", "withdrawn", "lapsed",
    "duplicate", "spam",
)  # fmt: skip
STANDINGS = ("filed", "quarantined", "merged", "any")
SIDES = ("us", "prison", "funder")
ANSWERS = ("yes", "no", "not_needed")
PROPOSAL_STATES = ("draft", "sent", "accepted", "declined", "expired", "superseded", "withdrawn")
AGREEMENT_STATES = ("awaiting_signature", "signed", "amended", "ended")
ORGANISATION_KINDS = ("establishment", "commissioner", "provider", "partner_agency", "funder")
CONTACT_STATES = ("active", "bounced", "left", "erased")
CHANNELS = ("email", "phone", "post")
NATIONS = ("england", "wales", "scotland", "northern-ireland")
FACILITATOR_STATES = ("onboarding", "active", "resting", "left")
CLEARANCE_STATES = ("applied", "granted", "suspended", "refused")
LEVELS = ("escorted_visitor", "baseline", "standard", "standard_plus", "enhanced_1", "enhanced_2")
CAUSES = (
    "lockdown_or_incident", "prison_staff_shortage", "prison_staff_training", "room_unavailable", "no_escort",
    "late_unlock", "not_required", "low_numbers", "gate_or_clearance", "kit_refused", "facilitator_unavailable",
    "travel_or_weather", "technical_failure", "commissioner_request", "other",
)  # fmt: skip
PARTIES = ("prison", "provider", "commissioner", "external")
CHARGE_REASONS = ("agreed_with_them", "goodwill", "terms_of_the_agreement", "told_earlier", "told_later")
CLOSURES = (
    "christmas", "education_break", "staff_training", "staff_shortage", "building_work", "inspection", "exams",
    "family_day", "lockdown", "other",
)  # fmt: skip
UNDER_18_REASONS = ("agreed_by_governor", "agreed_by_youth_custody_service", "staff_training_only")
AUDIENCES = ("participants", "prison_staff", "host", "facilitators", "commissioner")
MODES = ("in_person", "remote")
MESSAGE_STATES = (
    "due", "scheduled", "sending", "accepted", "delivered", "bounced", "failed", "unknown", "suppressed", "superseded",
    "missed",
)  # fmt: skip
REMINDER_RULES = (
    "session_reminder", "register_due", "register_nudge", "register_late", "feedback", "check_in", "delegate_names",
)  # fmt: skip
SERVICES = ("enquiries", "scheduling", "notifications", "ops")


def completed_by(words: tuple[str, ...]) -> Callable[[str], list[str]]:
    """Give what completes the beginning of one of these words."""

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete
