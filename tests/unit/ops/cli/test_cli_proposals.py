"""What `keytalk proposals` and `keytalk agreements` ask of the gateway, and what they print."""

from __future__ import annotations

import base64
import json

import pytest

from tests.unit.ops.telling_cast import done, telling

PROPOSAL = {
    "id": "01a21433-8f7e-7228-8f18-9a1c51225725",
    "reference": "KT-7F3K-92",
    "version": 1,
    "state": "draft",
    "programme_name": "The Many Faces of Trauma",
    "establishment": "Risley (HMP)",
    "lines": [{"what": "Sessions", "quantity": 16, "unit": "session", "unit_pence": 250_00, "pence": 4_000_00}],
    "total_pence": 4_000_00,
    "valid_until": "2026-12-24",
    "cancellation_terms": "The terms.",
    "notes": None,
}
AGREEMENT = {
    "id": "01a21433-c3d5-7708-9df0-01739588906c",
    "reference": "KT-7F3K-92",
    "version": 1,
    "state": "awaiting_signature",
    "programme_name": "The Many Faces of Trauma",
    "establishment": "Risley (HMP)",
    "total_pence": 4_000_00,
    "purchase_order": None,
    "unit": "session",
    "agreed_units": 16,
    "balance": 15,
    "signatures": [
        {"side": "prison", "name": "Siân Ŵyn", "role": None, "signed_at": "2026-11-24T12:00:00+00:00", "how": "link"}
    ],
    "drawn": [{"units": 1, "about": "session 1", "at": "2026-11-24T12:00:00+00:00", "actor": "operator"}],
}


def test_a_proposal_is_made_with_its_extra_lines_in_whole_pence(keytalk, gateway):
    gateway.will_answer("enquiries.make_proposal", PROPOSAL)

    result = keytalk(
        *("proposals", "make", "KT-7F3K-92", "--sessions", "16", "--notes", "Hello"),
        *("--extra", "Travel=2x45.50", "--extra", "Reduction = -£200"),
    )

    assert "Total: £4,000.00" in result.stdout
    assert "keytalk proposals send KT-7F3K-92" in result.stderr
    [(_, asked)] = gateway.asked
    assert asked["extra_lines"] == [
        {"what": "Travel", "quantity": 2, "unit_pence": 45_50},
        {"what": "Reduction", "quantity": 1, "unit_pence": -200_00},
    ]
    assert (asked["sessions"], asked["people"], asked["valid_days"], asked["notes"]) == (16, None, None, "Hello")


@pytest.mark.parametrize(
    "line", ["Travel", "Travel=", "=5", "Travel=4.5", "Travel=1e3", "Travel=0.1x5", "Travel=5.555"]
)
def test_a_line_without_a_clear_price_is_not_asked_for(keytalk, gateway, line):
    result = keytalk("proposals", "make", "KT-7F3K-92", "--extra", line)

    assert result.exit_code == 2
    assert "Travel=2x45.50" in " ".join(result.stderr.split())
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("words", "call", "asked"),
    [
        (["send", "KT-7F3K-92", "--yes"], "send_proposal", {}),
        (["show", "KT-7F3K-92"], "get_proposal", {}),
        (["decline", "KT-7F3K-92", "--reason", "No room", "--yes"], "decline_proposal", {"reason": "No room"}),
        (["withdraw", "KT-7F3K-92", "--reason", "A slip", "--yes"], "withdraw_proposal", {"reason": "A slip"}),
    ],
)
def test_each_command_asks_for_its_operation(keytalk, gateway, words, call, asked):
    gateway.will_answer(f"enquiries.{call}", PROPOSAL)

    result = keytalk("proposals", *words, "--json")

    assert json.loads(result.stdout) == PROPOSAL
    assert gateway.asked == [(f"enquiries.{call}", {"proposal_id": "KT-7F3K-92", **asked})]


def test_proposals_and_agreements_are_listed(keytalk, gateway):
    gateway.will_answer("enquiries.list_proposals", [PROPOSAL])
    gateway.will_answer("enquiries.list_agreements", [AGREEMENT])

    proposals = keytalk("proposals", "list", "--enquiry", "KT-7F3K-92", "--state", "draft")
    agreements = keytalk("agreements", "list")

    assert "£4,000.00" in proposals.stdout
    assert "awaiting_signature" in agreements.stdout
    assert gateway.asked[0][1] == {"limit": 50, "reference": "KT-7F3K-92", "state": "draft"}


def test_a_paper_is_written_where_it_is_wanted(keytalk, gateway, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = {"name": "../proposal-KT-7F3K-92-version-1.pdf", "pdf": base64.b64encode(b"%PDF").decode()}
    gateway.will_answer("enquiries.get_proposal_pdf", told)

    assert keytalk("proposals", "pdf", "KT-7F3K-92").stdout == "proposal-KT-7F3K-92-version-1.pdf\n"
    assert (tmp_path / "proposal-KT-7F3K-92-version-1.pdf").read_bytes() == b"%PDF"
    refused = keytalk("proposals", "pdf", "KT-7F3K-92", "-o", "nowhere/at-all.pdf")
    assert refused.exit_code == 1
    assert "cannot be written" in refused.stderr


def test_what_came_back_on_paper_is_accepted_and_we_are_asked_to_sign(keytalk, gateway):
    gateway.will_answer("enquiries.accept_proposal", AGREEMENT)

    result = keytalk("proposals", "accept", "KT-7F3K-92", "--name", "Siân Ŵyn", "--role", "Head", "--yes")

    assert "keytalk agreements sign KT-7F3K-92" in result.stdout
    asked = {"proposal_id": "KT-7F3K-92", "name": "Siân Ŵyn", "role": "Head", "purchase_order": None}
    assert gateway.asked == [("enquiries.accept_proposal", asked)]


@pytest.mark.parametrize(
    ("words", "call", "asked"),
    [
        (["show", "KT-7F3K-92"], "get_agreement", {}),
        (["sign", "KT-7F3K-92", "--name", "P", "--on-paper", "--yes"], "sign_agreement",
         {"name": "P", "role": None, "on_paper": True}),
        (["purchase-order", "KT-7F3K-92", "PO-1"], "record_purchase_order", {"purchase_order": "PO-1"}),
        (["draw", "KT-7F3K-92", "1", "--for", "session 1"], "draw_down", {"units": 1, "about": "session 1"}),
        (["draw", "KT-7F3K-92", "2", "--back", "--for", "a slip"], "draw_down", {"units": -2, "about": "a slip"}),
        (["end", "KT-7F3K-92", "--reason", "Over", "--yes"], "end_agreement", {"reason": "Over"}),
    ],
)  # fmt: skip
def test_an_agreement_is_shown_after_each_command_with_what_is_left(keytalk, gateway, words, call, asked):
    gateway.will_answer(f"enquiries.{call}", AGREEMENT)

    result = keytalk("agreements", *words)

    assert "15 of 16 sessions left." in result.stdout
    assert "Siân Ŵyn" in result.stdout
    assert gateway.asked == [(f"enquiries.{call}", {"agreement_id": "KT-7F3K-92", **asked})]


CONTACT = {"name": "Siân Ŵyn", "email": "sian@risley.example"}


@pytest.mark.parametrize(
    ("words", "state", "letter", "told"),
    [
        (["send"], "sent", "proposal_sent", "Proposal sent, Mon  7 Dec 2026 09:00"),
        (["decline", "--reason", "No room"], "declined", "proposal_declined", "Proposal declined, Mon"),
        (["withdraw", "--reason", "A slip"], "withdrawn", "proposal_withdrawn", "Proposal withdrawn, Mon"),
    ],
)
def test_a_proposal_and_who_hears_of_it_are_shown_before_anything_is_done(keytalk, gateway, words, state, letter, told):
    would = {**PROPOSAL, "state": state, **telling(("enquirer:KT-7F3K-92", letter), ("ops", "proposal_settled_ops"))}
    gateway.will_answer(f"enquiries.{words[0]}_proposal", would)
    gateway.will_answer("enquiries.get_enquiry", {"reference": "KT-7F3K-92", "contact": CONTACT})

    shown = keytalk("proposals", *words, "KT-7F3K-92", typed="n\n")
    dry = keytalk("proposals", *words, "KT-7F3K-92", "--dry-run", "--json")

    assert (shown.exit_code, dry.exit_code) == (1, 0)
    assert f"     Siân Ŵyn <sian@risley.example>: {told}" in shown.stdout
    assert f"would be {state}" in shown.stdout
    assert "Total: £4,000.00" in shown.stdout
    assert json.loads(dry.stdout) == would
    assert done(gateway, f"enquiries.{words[0]}_proposal") == []


@pytest.mark.parametrize(("letters", "told"), [(1, "Agreement signed"), (0, "Nobody is told by mail.")])
def test_signing_tells_people_only_where_the_service_says_so(keytalk, gateway, letters, told):
    sends = [("enquirer:KT-7F3K-92", "agreement_signed")] * letters
    gateway.will_answer("enquiries.sign_agreement", {**AGREEMENT, **telling(*sends)})
    gateway.will_answer("enquiries.get_enquiry", {"reference": "KT-7F3K-92", "contact": CONTACT})

    assert told in keytalk("agreements", "sign", "KT-7F3K-92", "--name", "P", "--dry-run").stdout


def test_whom_it_would_tell_may_not_be_known_now(keytalk, gateway):
    gateway.will_answer("enquiries.send_proposal", {**PROPOSAL, "would_tell": None})

    shown = keytalk("proposals", "send", "KT-7F3K-92", "--dry-run")

    assert (shown.exit_code, "cannot be said just now" in shown.stdout) == (0, True)


def test_a_contact_without_an_address_is_named_as_one_to_be_told_otherwise(keytalk, gateway):
    gateway.will_answer("enquiries.send_proposal", {**PROPOSAL, **telling(("enquirer:KT-7F3K-92", "proposal_sent"))})
    nobody = {"reference": "KT-7F3K-92", "contact": {"name": None, "email": None}}
    gateway.will_answer("enquiries.get_enquiry", nobody)

    shown = keytalk("proposals", "send", "KT-7F3K-92", "--dry-run").stdout

    assert "the contact of KT-7F3K-92 has no email address" in shown
