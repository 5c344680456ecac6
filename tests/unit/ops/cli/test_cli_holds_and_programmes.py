"""What `keytalk holds` and `keytalk programmes` ask of the gateway, and what they print."""

import json

import pytest
import typer

from ops.cli.programmes import kit_item, pence
from services.scheduling.domain.holds import EXTENSION_REASONS
from services.scheduling.hold_schemas import STATES
from tests.unit.ops.telling_cast import done, telling

FEATHERSTONE, OAKWOOD = ({"id": each[:3].upper(), "name": f"{each} (HMP)"} for each in ("Featherstone", "Oakwood"))
HOLD = {
    "hold": "h1",
    "run": "r1",
    "enquiry": "KT-7F3K-92",
    "establishment": FEATHERSTONE,
    "programme": "many-faces-of-trauma",
    "state": "active",
    "rank": 1,
    "first_session": "2027-03-02",
    "last_session": "2027-06-15",
    "expires_on": "2026-12-30",
    "extended": False,
    "waits_for": [],
    "waiting_behind": [{"hold": "h2", "run": "r2", "establishment": OAKWOOD, "rank": 2, "expires_on": None}],
}
WAITING = {
    **HOLD,
    "hold": "h2",
    "establishment": OAKWOOD,
    "rank": 2,
    "expires_on": None,
    "waits_for": [{"hold": "h1", "run": "r1", "establishment": FEATHERSTONE, "rank": 1, "expires_on": "2026-12-30"}],
    "waiting_behind": [],
}
PROGRAMME = {
    "slug": "many-faces-of-trauma",
    "programme": "many-faces-of-trauma",
    "name": "The Many Faces of Trauma",
    "version": 2,
    "state": "draft",
    "sessions": 12,
    "minutes": 180,
    "cadence": "weekly",
    "min_group": 1,
    "max_group": 12,
    "min_facilitators": 2,
    "minimum_dose": 10,
    "modes": ["in_person"],
    "accreditations": [],
    "one_needs": ["NADA"],
    "price_pence": 250_00,
    "price_unit": "session",
    "kit": [{"item": "needles", "quantity": 120, "risk": "sharp", "counted": True}],
    "runs": 0,
    "versions": [{"version": 1, "state": "live"}, {"version": 2, "state": "draft"}],
}


def test_a_hold_says_until_when_and_one_that_waits_says_behind_whom(keytalk, gateway):
    gateway.will_answer("scheduling.place_hold", HOLD, WAITING)

    first = keytalk("holds", "place", "r1", "--yes")
    second = keytalk("holds", "place", "r2", "--working-days", "5", "--yes")

    assert "Featherstone (HMP) holds this time until the end of Wed 30 Dec 2026." in first.stdout
    assert "rank 2, behind Featherstone (HMP) (until Wed 30 Dec 2026)" in second.stdout
    assert gateway.asked == [
        ("scheduling.place_hold", {"run": "r1", "working_days": 10}),
        ("scheduling.place_hold", {"run": "r2", "working_days": 5}),
    ]


def test_placing_shows_what_it_would_be_and_asks_and_a_dry_run_ends_there(keytalk, gateway):
    told = telling(("enquirer:KT-7F3K-92", "hold_placed_contact"))
    gateway.will_answer("scheduling.place_hold", {**WAITING, **told})
    gateway.will_refuse("enquiries.get_enquiry", 403, "Your account may not do that.")

    asked, dry = keytalk("holds", "place", "r2", typed="n\n"), keytalk("holds", "place", "r2", "--dry-run")

    for shown in (asked, dry):
        assert "rank 2, behind Featherstone (HMP)" in shown.stdout
        assert "the contact of KT-7F3K-92: Hold placed, to the contact, Mon  7 Dec 2026 09:00" in shown.stdout

    tried = ("scheduling.place_hold", {"run": "r2", "working_days": 10, "dry_run": True})
    assert [each for each in gateway.asked if each[0] == "scheduling.place_hold"] == [tried] * 2


def test_the_list_shows_who_stands_in_line(keytalk, gateway):
    gateway.will_answer("scheduling.list_holds", [HOLD, WAITING])

    listed = keytalk("holds", "list", "--state", "all").stdout

    assert "before Oakwood (HMP)" in listed
    assert "behind Featherstone (HMP) (until Wed 30 Dec 2026)" in listed
    assert gateway.asked == [("scheduling.list_holds", {"state": "all", "limit": 50})]


def test_a_dry_run_of_a_release_says_what_follows_and_does_nothing(keytalk, gateway):
    gateway.will_answer("scheduling.get_hold", HOLD)
    unsent = ("enquirer:KT-7F3K-92", "hold_placed_contact", "The dates are not held any more.")
    gateway.will_answer("scheduling.release_hold", {**HOLD, "state": "released", **telling(cancels=[unsent])})
    gateway.will_answer(
        "enquiries.get_enquiry", {"reference": "KT-7F3K-92", "contact": {"name": "Sam Oak", "email": "sam@x.example"}}
    )

    said = keytalk("holds", "release", "h1", "--dry-run").stdout

    assert "Oakwood (HMP) may move up, and is told." in said
    assert "Nobody is told by mail." in said
    assert "Sam Oak <sam@x.example>: Hold placed, to the contact, Mon  7 Dec 2026 09:00 (The dates" in said
    assert ("scheduling.release_hold", {"hold": "h1", "dry_run": True}) in gateway.asked
    assert ("scheduling.release_hold", {"hold": "h1"}) not in gateway.asked


def test_a_release_asks_first_and_with_yes_it_does_not(keytalk, gateway):
    gateway.will_answer("scheduling.get_hold", HOLD)
    gateway.will_answer("scheduling.release_hold", {**HOLD, "state": "released", **telling()})

    assert keytalk("holds", "release", "h1", typed="n\n").exit_code == 1
    assert done(gateway, "scheduling.release_hold") == []
    assert "Released." in keytalk("holds", "release", "h1", "--yes").stdout
    assert done(gateway, "scheduling.release_hold") == [{"hold": "h1"}]


def test_an_extension_carries_its_reason(keytalk, gateway):
    gateway.will_answer("scheduling.extend_hold", HOLD)

    keytalk("holds", "extend", "h1", "--working-days", "3", "--force", "--reason", "prison_asked", "--json")

    asked = {"hold": "h1", "working_days": 3, "force": True, "reason": "prison_asked"}
    assert gateway.asked == [("scheduling.extend_hold", asked)]


def test_the_command_knows_the_reasons_and_states_that_the_service_knows(keytalk):
    help_text = keytalk("holds", "extend", "--help").stdout + keytalk("holds", "list", "--help").stdout

    words = "".join(help_text.split())
    assert all(each in words for each in (*EXTENSION_REASONS, *STATES))


def test_a_draft_sends_only_what_is_said(keytalk, gateway):
    gateway.will_answer("scheduling.draft_programme_version", PROGRAMME)

    result = keytalk(
        *("programmes", "draft", "many-faces-of-trauma", "--sessions", "12", "--minimum-dose", "10"),
        *("--price", "262.50", "--one-needs", "NADA", "--accreditation", "none", "--mode", "in_person"),
        *("--kit", "needles=120:sharp:counted", "--kit", "workbooks=12"),
    )

    [(method, asked)] = gateway.asked
    assert (method, asked["slug"]) == ("scheduling.draft_programme_version", "many-faces-of-trauma")
    assert asked["changes"] == {
        "sessions": 12,
        "minimum_dose": 10,
        "price_pence": 262_50,
        "modes": ["in_person"],
        "accreditations": [],
        "one_needs": ["NADA"],
        "kit": [
            {"item": "needles", "quantity": 120, "risk": "sharp", "counted": True},
            {"item": "workbooks", "quantity": 12, "risk": "ordinary", "counted": False},
        ],
    }
    assert "Kit: 120 needles (sharp, counted)" in result.stdout
    assert "Versions: 1 (live), 2 (draft)" in result.stdout
    assert "keytalk programmes publish many-faces-of-trauma" in result.stderr


def test_programmes_are_listed_shown_published_and_retired(keytalk, gateway):
    gateway.will_answer("scheduling.list_programmes", [PROGRAMME])
    assert "£250.00 a session" in keytalk("programmes", "list", "--all").stdout
    for command, method in (
        ("show", "get_programme"),
        ("publish", "publish_programme_version"),
    ):
        gateway.will_answer(f"scheduling.{method}", PROGRAMME)
        shown = keytalk("programmes", command, "many-faces-of-trauma", "--version", "2", "--json")
        assert json.loads(shown.stdout) == PROGRAMME
    gateway.will_answer("scheduling.retire_programme", {**PROGRAMME, "state": "retired"})
    assert "State: retired" in keytalk("programmes", "retire", "many-faces-of-trauma", "--yes").stdout
    assert gateway.asked == [
        ("scheduling.list_programmes", {"every": True}),
        ("scheduling.get_programme", {"slug": "many-faces-of-trauma", "version": 2}),
        ("scheduling.publish_programme_version", {"slug": "many-faces-of-trauma", "version": 2}),
        ("scheduling.retire_programme", {"slug": "many-faces-of-trauma"}),
    ]


@pytest.mark.parametrize("text", ["needles", "needles=", "=3", "needles=3:blunt", "needles=3:sharp:restricted"])
def test_what_is_no_item_of_kit_is_refused_with_an_example(text):
    with pytest.raises(typer.BadParameter, match="needles=120:sharp:counted"):
        kit_item(text)


@pytest.mark.parametrize(("text", "expected"), [("250", 25000), ("£250.50", 25050), ("0", 0)])
def test_a_price_is_read_in_pounds(text, expected):
    assert pence(text) == expected


@pytest.mark.parametrize("text", ["-1", "250.5", "a lot"])
def test_what_is_no_price_is_refused(text):
    with pytest.raises(typer.BadParameter, match=r"250\.50"):
        pence(text)


def test_yes_has_its_short_form_and_a_placed_hold_says_when_mails_go_out(keytalk, gateway):
    gateway.will_answer("scheduling.place_hold", HOLD)

    placed = keytalk("holds", "place", "r1", "-y")

    assert placed.exit_code == 0
    assert "in office hours" in placed.stderr
