"""Which role may do what: the one table, by areas of work. What an operation is not in the table for is refused.

Each operation of the services lies in one area. A role may read an area, or read and change it; an operator may have
several roles. Facilitators and commissioners see only what is their own: for them an operation is called with their
own id in the argument that says whose things are asked for, whatever they asked for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ops.gateway.permissions import CHANGE, OPERATIONS, READ


class Role(StrEnum):
    """What somebody is to Keytalk."""

    COORDINATOR = "coordinator"
    SCHEDULER = "scheduler"
    VIEWER = "viewer"
    DATA_PROTECTION = "data_protection"
    ADMIN = "admin"
    FACILITATOR = "facilitator"
    COMMISSIONER = "commissioner"


OWN = frozenset({Role.FACILITATOR, Role.COMMISSIONER})
"""Roles that stand for somebody, and see what is theirs."""


class Area(StrEnum):
    """A part of the work."""

    ENQUIRIES = "enquiries"
    TASKS = "tasks"
    MONEY = "agreements"
    PEOPLE = "people"
    CALENDAR = "calendar"
    CLEARANCES = "clearances"
    MESSAGES = "messages"
    WORDS = "templates"
    PRIVACY = "privacy"
    UPKEEP = "upkeep"
    OPERATORS = "operators"
    AUDIT = "audit"


AREAS: Mapping[Area, Mapping[str, str]] = {
    Area.ENQUIRIES: {
        "enquiries": """
            list_enquiries search_enquiries get_enquiry list_quarantine count_quarantine release_enquiry
            clear_quarantine move_enquiry assign_enquiry wait_on answer_question add_enquiry
            reply_to_enquiry get_reply log_call log_answer add_note list_matches merge_enquiry
            unmerge_enquiry not_duplicate refuse_match link_enquiry count_today get_board list_cards
            report_funnel report_times report_sources
        """,
    },
    Area.TASKS: {
        "enquiries": """
            list_tasks add_task assign_task finish_task reopen_task list_filters save_filter
            forget_filter
        """,
    },
    Area.MONEY: {
        "enquiries": """
            make_proposal send_proposal accept_proposal decline_proposal withdraw_proposal get_proposal
            list_proposals get_proposal_letter get_proposal_pdf sign_agreement record_purchase_order
            draw_down end_agreement get_agreement list_agreements get_commissioned
        """,
    },
    Area.PEOPLE: {
        "enquiries": """
            count_establishments_at list_organisations get_organisation add_organisation
            change_organisation add_post list_contacts get_contact add_contact change_contact
            mark_contact_left bring_contact_back assign_post end_post note_data_request list_data_requests
        """,
        "scheduling": """
            add_facilitator get_facilitator list_facilitators change_facilitator add_accreditation
            end_accreditation add_leave remove_leave set_working_hours import_facilitators
        """,
        "notifications": """
            get_preferences list_preferences change_preferences
        """,
    },
    Area.CALENDAR: {
        "scheduling": """
            plan_run get_run list_runs confirm_run preview_change apply_change list_remedies
            list_changes preview_reversal reverse_change preview_closure close_establishment
            override_rule withdraw_override place_hold extend_hold release_hold get_hold list_holds
            list_programmes get_programme draft_programme_version publish_programme_version
            retire_programme get_cover withdraw_from_session make_offer accept_offer decline_offer
            withdraw_offer get_offer list_offers get_offer_letter find_slots record_delivered
            record_part_delivered undo_outcome submit_attendance get_delivery list_registers record_feedback run_report
            list_sessions_ahead import_runs list_establishments import_establishments import_regimes
            import_blackouts get_establishment add_establishment change_establishment approve_under_18
            withdraw_under_18_approval list_windows set_windows remove_windows list_blackouts
            add_blackout change_blackout remove_blackout list_rooms add_room change_room retire_room
            get_travel set_travel_time make_feed revoke_feed list_feeds get_calendar list_clashes
            get_gantt count_today report_sessions report_load report_reach
        """,
    },
    Area.CLEARANCES: {
        "scheduling": """
            grant_clearance change_clearance suspend_clearance agree_escort call_off_escort
            clearance_matrix preview_expiries import_clearances make_memo send_memo approve_memo refuse_memo get_memo
            list_memos get_memo_pdf get_memo_letter request_kit approve_kit refuse_kit
            list_kit_approvals get_kit_list leave_out_kit bring_kit count_kit_out count_kit_in
        """,
    },
    Area.MESSAGES: {
        "notifications": """
            list_messages get_message resend_message settle_message list_mail get_mail session_proof
            list_not_told note_told simulate simulate_change simulate_news list_answers
            get_mailbox read_mailbox_now list_suppressions lift_suppression
        """,
    },
    Area.WORDS: {
        "notifications": """
            list_templates get_template lint_template preview_template draft_template publish_template
            revert_template list_reminder_rules preview_reminder_rule change_reminder_rule
        """,
    },
    Area.PRIVACY: {
        "enquiries": """
            export_person erase_person preview_retention run_retention
        """,
        "scheduling": """
            erase_facilitator export_person
        """,
        "notifications": """
            export_person
        """,
    },
    Area.UPKEEP: {
        "enquiries": """
            get_ledger list_canaries send_canary run_due_jobs list_dead get_dead replay_dead drop_dead
            list_jobs get_health
        """,
        "scheduling": """
            run_due_jobs list_dead get_dead replay_dead drop_dead list_jobs get_health
        """,
        "notifications": """
            run_due_jobs list_dead get_dead replay_dead drop_dead list_jobs get_health
        """,
    },
}
"""Which operations lie in which area."""

GRANTS: Mapping[Role, Mapping[Area, str]] = {
    Role.COORDINATOR: {
        Area.ENQUIRIES: CHANGE,
        Area.TASKS: CHANGE,
        Area.MONEY: CHANGE,
        Area.PEOPLE: CHANGE,
        Area.CALENDAR: CHANGE,
        Area.CLEARANCES: CHANGE,
        Area.MESSAGES: CHANGE,
        Area.WORDS: CHANGE,
        Area.UPKEEP: READ,
    },
    Role.SCHEDULER: {
        Area.ENQUIRIES: READ,
        Area.TASKS: CHANGE,
        Area.PEOPLE: READ,
        Area.CALENDAR: CHANGE,
        Area.CLEARANCES: CHANGE,
        Area.MESSAGES: READ,
    },
    Role.VIEWER: {
        Area.ENQUIRIES: READ,
        Area.TASKS: READ,
        Area.MONEY: READ,
        Area.CALENDAR: READ,
        Area.CLEARANCES: READ,
        Area.MESSAGES: READ,
        Area.WORDS: READ,
    },
    Role.DATA_PROTECTION: {
        Area.ENQUIRIES: READ,
        Area.TASKS: CHANGE,
        Area.PEOPLE: CHANGE,
        Area.MESSAGES: READ,
        Area.PRIVACY: CHANGE,
        Area.AUDIT: READ,
    },
    Role.ADMIN: {
        Area.TASKS: CHANGE,
        Area.UPKEEP: CHANGE,
        Area.OPERATORS: CHANGE,
        Area.AUDIT: READ,
        Area.MESSAGES: READ,
        Area.WORDS: READ,
    },
}
"""What each role may do, area by area."""


@dataclass(frozen=True, slots=True)
class Own:
    """How an operation is called for who sees only what is theirs, whatever they ask for.

    `argument` is filled in with whom they stand for, as a list where it takes `several`; `fixed` are arguments that
    would show more than theirs, with what they are then.
    """

    argument: str
    several: bool = False
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def narrowed(self, stands_for: str) -> dict[str, Any]:
        """Give the arguments that are filled in."""
        return {**self.fixed, self.argument: [stands_for] if self.several else stands_for}


_FACILITATOR, _ORGANISATION = Own("facilitator"), Own("organisation")
_ALL_THAT_IS_THEIRS = {"establishments": None, "programmes": None, "clashes": False}
"""A calendar without closures of other places, and without what keeps others from a session."""

ITS_OWN: Mapping[Role, Mapping[tuple[str, str], Own]] = {
    Role.FACILITATOR: {
        ("scheduling", "get_facilitator"): _FACILITATOR,
        ("scheduling", "list_sessions_ahead"): _FACILITATOR,
        ("scheduling", "get_calendar"): Own("facilitators", several=True, fixed=_ALL_THAT_IS_THEIRS),
        ("scheduling", "list_offers"): _FACILITATOR,
        ("scheduling", "get_offer"): _FACILITATOR,
        ("scheduling", "accept_offer"): _FACILITATOR,
        ("scheduling", "decline_offer"): _FACILITATOR,
        ("scheduling", "list_registers"): _FACILITATOR,
        ("scheduling", "get_delivery"): _FACILITATOR,
        ("scheduling", "record_delivered"): _FACILITATOR,
        ("scheduling", "submit_attendance"): _FACILITATOR,
    },
    Role.COMMISSIONER: {
        ("enquiries", "get_organisation"): _ORGANISATION,
        ("enquiries", "get_commissioned"): _ORGANISATION,
        ("enquiries", "get_proposal_pdf"): _ORGANISATION,
    },
}
"""What a role that stands for somebody may ask, and how it is then called."""

_AREA_OF = {
    (service, method): area
    for area, by_service in AREAS.items()
    for service, methods in by_service.items()
    for method in methods.split()
}


def area_of(service: str, method: str) -> Area | None:
    """Give the area that an operation lies in; None for one that is in no area, which no role may call."""
    return _AREA_OF.get((service, method))


def may(roles: Iterable[Role], service: str, method: str) -> bool:
    """Say whether any of some roles may call an operation."""
    kind, area = OPERATIONS.get((service, method)), area_of(service, method)
    if kind is None or area is None:
        return False
    return any((service, method) in ITS_OWN.get(role, {}) or _grants(role, area, kind) for role in roles)


def may_in(roles: Iterable[Role], area: Area, kind: str = READ) -> bool:
    """Say whether any of some roles may read, or change, what lies in an area."""
    return any(_grants(role, area, kind) for role in roles)


def narrowed(roles: Iterable[Role], stands_for: str | None, service: str, method: str) -> dict[str, Any]:
    """Give the arguments that are filled in for somebody who sees only what is theirs; nothing for everybody else.

    Raises `LookupError` where an account that stands for somebody does not say for whom.
    """
    own = [role for role in roles if role in OWN]
    if not own:
        return {}
    if not stands_for:
        raise LookupError("an account that stands for somebody must say for whom")
    (role,) = own
    return ITS_OWN[role][service, method].narrowed(stands_for) if (service, method) in ITS_OWN[role] else {}


def _grants(role: Role, area: Area, kind: str) -> bool:
    return GRANTS.get(role, {}).get(area) in {CHANGE, kind}
