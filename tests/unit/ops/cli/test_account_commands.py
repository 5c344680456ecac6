"""`keytalk operators`, `tokens` and `audit`."""

from __future__ import annotations

import json

import pytest

ONE = {
    "id": "o-1", "name": "dan", "full_name": "Dan", "email": "dan@example.org", "roles": ["viewer"], "stands_for": None,
    "state": "active", "second_factor": True, "last_seen_at": None,
}  # fmt: skip
LINK = {**ONE, "link": "http://127.0.0.1:8001/invitation/abc", "link_holds_days": 3}
ROW = {
    "id": "a-1", "at": "2027-01-12T09:00:00+00:00", "actor": "priya", "operation": "enquiries.move_enquiry",
    "subject": "KT-7F3K-92", "reason": "=1+1", "correlation_id": "c-1", "changes": True,
}  # fmt: skip


def test_operators_are_listed(keytalk, gateway):
    gateway.will_answer("ops.list_operators", [ONE])

    assert "dan@example.org" in keytalk("operators", "list").stdout
    assert json.loads(keytalk("operators", "list", "--json").stdout) == [ONE]


def test_adding_gives_the_link(keytalk, gateway):
    gateway.will_answer("ops.add_operator", LINK)

    done = keytalk("operators", "add", "dan", "--email", "dan@example.org", "--role", "viewer", "--role", "scheduler")

    asked = {"name": "dan", "email": "dan@example.org", "roles": ["viewer", "scheduler"]}
    assert gateway.asked[0][1].items() >= asked.items()
    assert LINK["link"] in done.stdout


def test_inviting_again_gives_a_new_link(keytalk, gateway):
    gateway.will_answer("ops.invite_operator", LINK)

    assert LINK["link"] in keytalk("operators", "invite", "dan").stdout
    assert gateway.asked == [("ops.invite_operator", {"operator": "dan"})]


def test_a_role_that_there_is_not_is_not_sent(keytalk, gateway):
    assert keytalk("operators", "add", "dan", "--email", "d@example.org", "--role", "king").exit_code == 2
    assert gateway.asked == []


def test_changing_says_what_changes(keytalk, gateway):
    gateway.will_answer("ops.change_operator", {**ONE, "roles": ["admin"]})

    done = keytalk("operators", "change", "dan", "--role", "admin", "--reason", "new work")

    assert gateway.asked[0][1].items() >= {"operator": "dan", "roles": ["admin"], "reason": "new work"}.items()
    assert "dan has now: admin." in done.stdout
    assert keytalk("operators", "change", "dan").exit_code == 2


@pytest.mark.parametrize("command", ["disable", "remove-second-factor"])
def test_what_ends_access_needs_a_reason_shows_first_and_asks(keytalk, gateway, command):
    method = f"ops.{command.replace('-', '_')}" + ("_operator" if command == "disable" else "")
    gateway.will_answer("ops.list_operators", [ONE])
    gateway.will_answer(method, {**ONE, "state": "disabled"})

    assert keytalk("operators", command, "dan").exit_code == 2
    assert keytalk("operators", command, "dan", "--reason", "left us", "--dry-run").exit_code == 0
    assert keytalk("operators", command, "dan", "--reason", "left us", typed="n\n").exit_code == 1
    assert gateway.times_asked(method) == 0
    assert keytalk("operators", command, "DAN@example.org", "--reason", "left us", typed="y\n").exit_code == 0
    assert gateway.asked[-1] == (method, {"operator": "DAN@example.org", "reason": "left us"})


def test_enabling(keytalk, gateway):
    gateway.will_answer("ops.enable_operator", ONE)

    assert "dan may sign in again." in keytalk("operators", "enable", "dan").stdout


def test_tokens_are_listed_made_and_revoked(keytalk, gateway):
    made = {"id": "t-1", "token": "keytalk_abc", "label": "report", "expires_at": "2027-02-01"}
    gateway.will_answer("ops.make_token", made)
    gateway.will_answer("ops.list_tokens", [{"id": "t-1", "label": "report"}])
    gateway.will_answer("ops.revoke_token", {"id": "t-1", "revoked_at": "2027-01-12"})

    assert keytalk("tokens", "make", "report", "--days", "20").stdout == "keytalk_abc\n"
    assert gateway.asked == [("ops.make_token", {"label": "report", "days": 20})]
    assert "report" in keytalk("tokens", "list").stdout
    assert "t-1 holds no longer" in keytalk("tokens", "revoke", "t-1").stdout


def test_the_audit_is_listed_filtered_and_filed(keytalk, gateway):
    gateway.will_answer("ops.list_audit", [ROW])

    assert "enquiries.move_enquiry" in keytalk("audit", "list", "--actor", "priya", "--subject", "KT-7F3K-92").stdout
    assert gateway.asked[0][1] == {"limit": 50, "actor": "priya", "subject": "KT-7F3K-92", "before": None}
    assert json.loads(keytalk("audit", "list", "--json").stdout) == [ROW]
    file = keytalk("audit", "list", "--csv", "--limit", "1000").stdout
    assert file.splitlines()[0].startswith("When,By,What,About,Reason")
    assert ",'=1+1," in file
