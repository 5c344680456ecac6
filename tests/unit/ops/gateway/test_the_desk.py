"""What is written down before a service is asked, what is not, and whose things are asked for."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from ops.gateway.desk import subject_of
from ops.gateway.roles import ITS_OWN, Role
from ops.tables import audit as audit_table
from shared.errors import Refused
from tests.unit.ops.gateway_cast import PASSWORD

CONTACT = "018f4f4e-7d1c-7b6e-9f52-0a3a1f3c9d11"


@pytest.fixture
def token(add, app):
    """Make a token for an operator of some roles."""

    def token(name: str, *roles: str, stands_for: str | None = None) -> str:
        add(name, *roles, stands_for=stands_for)
        return app.test_client().post("/tokens", json={"name": name, "password": PASSWORD}).json["result"]["token"]

    return token


def test_a_change_is_in_the_audit_before_the_service_is_called(ask, audit, services):
    seen = []
    services.when_called = lambda: seen.extend(audit())

    ask("enquiries.move_enquiry", reference="KT-7F3K-92", to="won", reason="they signed")

    assert [(row["operation"], row["subject"], row["reason"]) for row in seen[:1]] == [
        ("enquiries.move_enquiry", "KT-7F3K-92", "they signed")
    ]
    assert (seen[0]["actor"], seen[0]["changes"]) == ("operator", True)


@pytest.mark.parametrize("error", [Refused("conflict", "No."), RuntimeError("broken")])
def test_a_change_stays_in_the_audit_when_the_call_fails(ask, audit, services, error):
    services.error = error

    assert ask("enquiries.move_enquiry", reference="KT-7F3K-92", to="won").status_code >= 400
    assert audit()[0]["operation"] == "enquiries.move_enquiry"


def test_nothing_is_called_where_the_audit_cannot_be_written(ask, services, monkeypatch, gateway):
    def broken(*_args, **_how):
        raise Refused("unavailable", "The database cannot be reached.")

    monkeypatch.setattr("ops.gateway.desk.write_down", broken)

    assert ask("enquiries.move_enquiry", reference="KT-7F3K-92", to="won").status_code == 503
    assert services.calls == []


def test_what_one_may_not_is_not_called_and_is_in_the_log(ask, services, token, audit, caplog):
    viewer = token("vera", "viewer")
    before = len(audit())

    answer = ask("enquiries.move_enquiry", token=viewer, reference="KT-7F3K-92", to="won")

    assert (answer.status_code, services.calls, len(audit())) == (403, [], before)
    assert [record.operation for record in caplog.records if record.message == "not allowed"] == [
        "enquiries.move_enquiry"
    ]


def test_a_look_at_personal_data_is_in_the_audit_and_any_other_is_not(ask, audit):
    ask("enquiries.get_enquiry", reference="KT-7F3K-92")
    ask("scheduling.list_runs", limit=5)

    assert [(row["operation"], row["subject"], row["changes"]) for row in audit()] == [
        ("enquiries.get_enquiry", "KT-7F3K-92", False)
    ]


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        ({"reference": "KT-7F3K-92"}, "KT-7F3K-92"),
        ({"run": CONTACT, "session": "x1"}, CONTACT),
        ({"establishment": "RSI"}, "RSI"),
        ({"person": CONTACT}, CONTACT),
        ({"person": "KT-7F3K-92"}, "KT-7F3K-92"),
        ({"person": "alex.morgan@risley.example"}, None),
        ({"person": "Alex"}, None),
        ({"person": "01632960001"}, None),
        ({"contact": "Morgan"}, None),
        ({"contact": {"name": "Alex Morgan", "phone": "01632 960 001"}}, None),
        ({"message": "My number is 01632 960 001"}, None),
        ({"message": "01632960001"}, None),
        ({"message_id": "<abc.def@keytalk.example>"}, None),
        ({"organisation": "Alex Morgan Ltd"}, None),
        ({"reference": "alex@risley.example", "run": CONTACT}, CONTACT),
        ({"run": "x" * 101}, None),
        ({"room": 7}, None),
        ({}, None),
    ],
)
def test_only_what_is_an_id_is_written_down_as_what_it_is_about(given, subject):
    assert subject_of(given) == subject


def test_an_email_that_is_typed_for_a_name_is_not_written_down(ask, add, audit):
    add()
    ask("ops.disable_operator", operator="priya@example.org", reason="left us")
    ask("ops.enable_operator", operator="nobody@example.org")
    ask("ops.add_operator", name="dan@example.org", email="dan@example.org", roles=["viewer"])

    assert [row["subject"] for row in audit()[:3]] == [None, None, "priya"]
    assert "example.org" not in json.dumps(audit())


def test_which_roles_somebody_was_given_is_in_the_audit(ask, add, audit):
    add()
    ask("ops.change_operator", operator="priya", roles=["viewer", "scheduler"], reason="new work")

    assert audit()[0]["reason"] == "new work; roles: scheduler viewer"


def test_a_facilitator_is_asked_for_their_own_things_whatever_they_asked_for(ask, services, token):
    own = token("fay", "facilitator", stands_for="f-own")

    ask("scheduling.get_facilitator", token=own, facilitator="f-other")
    ask("scheduling.list_sessions_ahead", token=own)

    assert [arguments["facilitator"] for _service, _method, arguments in services.calls] == ["f-own", "f-own"]
    assert ask("scheduling.list_facilitators", token=own).status_code == 403
    assert ask("enquiries.get_organisation", token=own, organisation="o-1").status_code == 403


def test_a_commissioner_is_asked_for_their_own_organisation(ask, services, token):
    own = token("con", "commissioner", stands_for="o-own")

    ask("enquiries.get_organisation", token=own, organisation="o-other")

    assert services.calls[0][2]["organisation"] == "o-own"


@pytest.mark.parametrize(("role", "whose"), [(Role.FACILITATOR, "f-own"), (Role.COMMISSIONER, "o-own")])
def test_nothing_of_anothers_is_asked_for_whatever_somebody_writes(ask, services, token, role, whose):
    own = token("fay", role, stands_for=whose)
    others = {"facilitator": "f-other", "organisation": "o-other", "facilitators": ["f-other"]}
    others |= {"establishments": ["RSI"], "clashes": True}

    for service, method in ITS_OWN[role]:
        assert ask(f"{service}.{method}", token=own, **others).status_code == 200

    for _service, method, given in services.calls:
        its = ITS_OWN[role][_service, method]
        assert given[its.argument] == ([whose] if its.several else whose), method
        assert {name: given[name] for name in its.fixed} == dict(its.fixed), method
    assert len(services.calls) == len(ITS_OWN[role])


@pytest.mark.parametrize("role", ["coordinator", "scheduler", "viewer", "data_protection", "facilitator"])
def test_accounts_are_for_admins(ask, token, role):
    shown = token("sam", role, stands_for="f-1" if role == "facilitator" else None)

    for call, given in (
        ("list_operators", {}),
        ("add_operator", {"name": "x1", "email": "x@example.org", "roles": ["admin"]}),
        ("change_operator", {"operator": "sam", "roles": ["admin"]}),
        ("invite_operator", {"operator": "sam"}),
        ("disable_operator", {"operator": "sam", "reason": "no"}),
        ("remove_second_factor", {"operator": "sam", "reason": "no"}),
    ):
        assert ask(f"ops.{call}", token=shown, **given).status_code == 403
    assert ask("ops.list_audit", token=shown).status_code == (200 if role == "data_protection" else 403)


def test_nobody_changes_disables_or_invites_themselves(ask, token):
    admin = token("ada", "admin")

    for call, given in (
        ("change_operator", {"roles": ["viewer"]}),
        ("disable_operator", {"reason": "me"}),
        ("remove_second_factor", {"reason": "me"}),
        ("invite_operator", {}),
    ):
        assert ask(f"ops.{call}", token=admin, operator="ada", **given).status_code == 409


@pytest.mark.parametrize("name", ["_operator", "operator", "self", "asking"])
def test_nobody_asks_as_somebody_else(ask, token, name):
    shown = token("vera", "viewer")
    path = {"whoami": ask("ops.whoami", token=shown).json["result"]["name"]}

    answer = ask("ops.list_tokens", token=shown, **{name: "ada"})

    assert (path["whoami"], answer.status_code) == ("vera", 422)


def test_nobody_says_under_which_name_they_act(ask, token, services):
    shown = token("cora", "coordinator")

    ask("enquiries.move_enquiry", token=shown, reference="KT-7F3K-92", to="won", actor="the director")

    assert services.calls[0][2]["actor"] == "cora"


@pytest.mark.parametrize("change", [update(audit_table).values(actor="eve"), delete(audit_table)])
def test_the_audit_is_never_changed(ask, gateway, change):
    ask("enquiries.move_enquiry", reference="KT-7F3K-92", to="won")

    with pytest.raises(DatabaseError, match="history"), gateway.desk.database.writing() as connection:
        connection.execute(change)


def test_the_audit_is_read_by_operator_by_subject_and_by_pages(ask, audit, clock):
    for number in range(5):
        clock.on(seconds=1)
        ask("enquiries.move_enquiry", reference=f"KT-0000-0{number}", to="won")

    first = ask("ops.list_audit", limit=2).json["result"]
    rest = ask("ops.list_audit", limit=10, before=first[-1]["id"]).json["result"]

    assert [row["subject"][-1] for row in first + rest] == ["4", "3", "2", "1", "0"]
    assert len(audit(subject="KT-0000-03")) == 1
    assert audit(actor="nobody") == []
    assert ask("ops.list_audit", before="x").status_code == 422


def test_each_call_has_one_id_in_the_audit_and_in_the_log_of_the_service(ask, audit, services):
    from shared.observability.context import correlation_id

    seen = []
    services.when_called = lambda: seen.append(correlation_id.get())

    ask("enquiries.get_enquiry", reference="KT-7F3K-92")

    assert [audit()[0]["correlation_id"]] == seen


def test_the_log_of_a_fault_says_nothing_to_the_caller(ask, services, caplog):
    services.error = RuntimeError("secret inner words")
    with caplog.at_level(logging.ERROR):
        answer = ask("enquiries.get_enquiry", reference="KT-7F3K-92")

    assert answer.status_code == 500
    assert "secret inner words" not in answer.text
    assert caplog.records[-1].incident in answer.json["detail"]


def test_a_facilitator_who_tries_an_answer_sees_nothing_of_anothers(ask, services, token):
    own = token("fay", "facilitator", stands_for="f-own")
    of_both = {
        "template": "t",
        "due_at": "2027-01-01T09:00:00+00:00",
        "occasion": "offer:o-other",
        "run": "r",
        "why": "w",
    }
    sends = [{"recipient": f"facilitator:{whose}", **of_both} for whose in ("f-own", "f-other")]
    cancels = [{"recipient": "enquirer:KT-7F3K-92", **of_both, "cancelled_because": "Taken."}]
    services.answers = {
        "accept_offer": {"state": "accepted", "news": [{"id": "e1"}]},
        "simulate_news": {"sends": sends, "cancels": cancels},
    }

    told = ask("scheduling.accept_offer", token=own, offer="o-1", dry_run=True).json["result"]["would_tell"]

    shown = {"template": "t", "due_at": "2027-01-01T09:00:00+00:00"}
    assert told["sends"] == [{"recipient": "facilitator:f-own", **shown}, {"recipient": "facilitator", **shown}]
    assert told["cancels"] == [{"recipient": "enquirer:KT-7F3K-92", **shown, "cancelled_because": "Taken."}]


def test_a_dry_run_says_whom_it_would_tell_and_is_no_change_by_the_audit(ask, audit, services):
    told = {"sends": [{"recipient": "ops"}], "cancels": []}
    services.answers = {"confirm_run": {"state": "confirmed", "news": [{"id": "e1"}]}, "simulate_news": told}

    answer = ask("scheduling.confirm_run", run=CONTACT, dry_run=True)

    assert answer.json == {"result": {"state": "confirmed", "would_tell": told}}
    assert services.calls[-1] == ("notifications", "simulate_news", {"news": [{"id": "e1"}]})
    assert [(row["operation"], row["changes"]) for row in audit()] == [("scheduling.confirm_run", False)]


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ({"state": "x", "news": []}, {"state": "x", "would_tell": {"sends": [], "cancels": []}}),
        ([1], [1]),
        (None, None),
    ],
)
def test_a_dry_run_that_has_no_news_tells_nobody_and_nobody_is_asked(ask, services, result, shown):
    services.answers = {"confirm_run": result}

    assert ask("scheduling.confirm_run", run=CONTACT, dry_run=True).json == {"result": shown}
    assert [method for _service, method, _given in services.calls] == ["confirm_run"]


def test_a_dry_run_is_of_use_where_notifications_is_away(ask, services):
    away = Refused("unavailable", "Notifications is away.")
    services.answers = {"confirm_run": {"state": "x", "news": [{}]}, "simulate_news": away}

    assert ask("scheduling.confirm_run", run=CONTACT, dry_run=True).json == {
        "result": {"state": "x", "would_tell": None}
    }


def test_what_notifications_would_send_again_is_in_its_own_answer(ask, services):
    services.answers = {"resend_message": {"id": "m1", "news": [{}]}}

    assert ask("notifications.resend_message", message=CONTACT, reason="again", dry_run=True).json == {
        "result": {"id": "m1"}
    }


def test_a_change_itself_is_answered_as_it_comes(ask, services):
    services.answers = {"confirm_run": {"state": "confirmed"}}

    assert ask("scheduling.confirm_run", run=CONTACT).json == {"result": {"state": "confirmed"}}
