"""Which operations an operator may call through the gateway. What is not listed is refused."""

from __future__ import annotations

READ, CHANGE = "read", "change"

OPERATIONS: dict[tuple[str, str], str] = {
    ("enquiries", "list_enquiries"): READ,
    ("enquiries", "get_enquiry"): READ,
    ("enquiries", "list_quarantine"): READ,
    ("enquiries", "count_quarantine"): READ,
    ("enquiries", "release_enquiry"): CHANGE,
    ("enquiries", "clear_quarantine"): CHANGE,
    ("enquiries", "move_enquiry"): CHANGE,
    ("enquiries", "count_establishments_at"): READ,
    ("enquiries", "list_dead"): READ,
    ("enquiries", "get_dead"): READ,
    ("enquiries", "replay_dead"): CHANGE,
    ("enquiries", "drop_dead"): CHANGE,
    ("enquiries", "list_jobs"): READ,
    ("scheduling", "plan_run"): CHANGE,
    ("scheduling", "get_run"): READ,
    ("scheduling", "list_runs"): READ,
    ("scheduling", "confirm_run"): CHANGE,
    ("scheduling", "add_facilitator"): CHANGE,
    ("scheduling", "get_facilitator"): READ,
    ("scheduling", "list_facilitators"): READ,
    ("scheduling", "grant_clearance"): CHANGE,
    ("scheduling", "list_establishments"): READ,
    ("scheduling", "import_establishments"): CHANGE,
    ("scheduling", "import_regimes"): CHANGE,
    ("scheduling", "list_dead"): READ,
    ("scheduling", "get_dead"): READ,
    ("scheduling", "replay_dead"): CHANGE,
    ("scheduling", "drop_dead"): CHANGE,
    ("scheduling", "list_jobs"): READ,
    ("notifications", "list_messages"): READ,
    ("notifications", "list_mail"): READ,
    ("notifications", "get_mail"): READ,
    ("notifications", "run_due_jobs"): CHANGE,
    ("notifications", "list_dead"): READ,
    ("notifications", "get_dead"): READ,
    ("notifications", "replay_dead"): CHANGE,
    ("notifications", "drop_dead"): CHANGE,
    ("notifications", "list_jobs"): READ,
}
"""Each RPC method of the services, and whether it reads or changes; a change is called with the actor's name."""
