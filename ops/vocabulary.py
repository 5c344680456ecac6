"""Words that the services take, such as states and kinds: the command line completes them, the console offers them.

They stand here since neither waits for a service to be told of them. The services decide what they take: a word that is
not among these is refused with a reason. A test holds these beside theirs.
"""

from __future__ import annotations

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
ABSENCES = ("not_unlocked", "other_appointment", "unwell", "moved_on", "chose_not_to", "not_known")
AUDIENCES = ("participants", "prison_staff", "host", "facilitators", "commissioner")
MODES = ("in_person", "remote")
MESSAGE_STATES = (
    "due", "scheduled", "sending", "accepted", "delivered", "bounced", "failed", "unknown", "suppressed", "superseded",
    "missed",
)  # fmt: skip
NOT_THROUGH = ("bounced", "failed", "unknown", "suppressed", "missed")
"""States of a message that did not get through for certain."""
REMINDER_RULES = (
    "session_reminder", "register_due", "register_nudge", "register_late", "feedback", "check_in", "delegate_names",
    "kit_list", "rolling_confirmation",
)  # fmt: skip
SERVICES = ("enquiries", "scheduling", "notifications", "ops")
