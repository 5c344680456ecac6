"""Facilitators, places, holds, offers and programmes in the console, as those work with them who plan sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import axe_check, axe_source, chromium, visiting
from tests.servers.keytalk import Keytalk
from tests.servers.operators import add_operator, come_as, csrf_token, signed_in
from tests.waiting import eventually

MONDAY_NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
RISLEY = {
    "programme": "many-faces-of-trauma",
    "establishment": "HMP Risley",
    "contact_name": "Alex Morgan",
    "contact_role": "Head of reducing reoffending",
    "contact_email": "alex.morgan@risley.example",
    "group_size": 10,
    "preferred_start": "2027-01-12",
    "preferred_times": "Tuesdays, in the afternoon",
}
WAY_TO_WON = ("availability", "suitability", "next_steps", "agreement", "won")


@pytest.fixture(scope="module")
def keytalk() -> Iterator[Keytalk]:
    with Keytalk(demo=True, began_at=MONDAY_NOON) as running:
        add_operator(running, "priya", "coordinator", "scheduler")
        add_operator(running, "dana", "data_protection")
        add_operator(running, "sam", "scheduler")
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def priya(keytalk) -> requests.Session:
    return signed_in(keytalk)


@pytest.fixture(scope="module")
def page(browser, keytalk, priya) -> Iterator[Page]:
    with visiting(browser) as opened:
        come_as(opened, keytalk, priya)
        yield opened


@pytest.fixture(scope="module")
def people(keytalk) -> dict[str, str]:
    """Ids by first name; Lee can step in at Risley."""
    known = {each["name"].split()[0]: each["id"] for each in keytalk.cli("facilitators", "list")}
    period = ("--from", "2026-11-01", "--until", "2029-11-01")
    keytalk.cli("clearances", "grant", "--facilitator", known["Lee"], "--establishment", "RSI", *period)
    return known


def planned(keytalk: Keytalk, place: str, team: tuple[str, ...], *slot: str) -> dict[str, Any]:
    """A draft run for an enquiry of its own."""
    asked = RISLEY | {"establishment": place, "contact_email": f"{place}-{slot[1]}@prison.example"}
    reference = keytalk.post(asked, key=f"{place}-{slot[1]}").json()["reference"]
    led_by = [word for each in team for word in ("--facilitator", each)]
    run: dict[str, Any] = keytalk.cli("runs", "plan", "--enquiry", reference, *slot, *led_by)
    return run


@pytest.fixture(scope="module")
def run(keytalk, people) -> dict[str, Any]:
    """A confirmed run at Risley, on Monday mornings from today on: its first session is over."""
    slot = ("--start", "2026-11-30", "--weekday", "mon", "--window", "am")
    made = planned(keytalk, "RSI", (people["Ana"], people["Tom"]), *slot)
    for stage in WAY_TO_WON:
        keytalk.cli("enquiries", "move", made["enquiry"], stage)
    confirmed: dict[str, Any] = keytalk.cli("runs", "confirm", made["run"])
    return confirmed


@pytest.fixture(scope="module")
def hold(keytalk, people) -> dict[str, Any]:
    """A hold at Styal that ends this week."""
    slot = ("--start", "2027-01-13", "--weekday", "wed", "--window", "am")
    draft = planned(keytalk, "STI", (people["Ana"], people["Lee"]), *slot)
    placed: dict[str, Any] = keytalk.cli("holds", "place", draft["run"], "--working-days", "3")
    return placed


@pytest.fixture(scope="module")
def offer(keytalk, people, run) -> str:
    """Ana cannot come to the fifth session, and Lee is asked."""
    fifth = run["sessions"][4]["id"]
    keytalk.cli("sessions", "withdraw", fifth, "--facilitator", people["Ana"])
    asked = ("--session", fifth, "--facilitator", people["Lee"])
    return str(keytalk.cli("offers", "make", *asked)["offer"])


def test_a_facilitator_is_added_and_what_they_hold_is_noted(page, keytalk):
    page.goto(f"{keytalk.ops_url}/facilitators")
    page.get_by_label("Full name").fill("Sam <script>document.title='taken'</script> Doe")
    page.get_by_label("Email").fill("sam@facilitators.example")
    page.get_by_role("button", name="Add them").click()
    expect(page.get_by_role("status")).to_contain_text("They are on file.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sam <script>")

    page.get_by_text("Change this").click()
    page.get_by_label("Insured until").fill("2027-06-30")
    page.get_by_label("Sessions in prisons a week, at most").fill("2")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("status")).to_have_text("It is changed.")
    page.get_by_text("Record one").click()
    page.get_by_label("What for").fill("NADA")
    page.get_by_label("Its first day").fill("2026-01-01")
    page.get_by_role("button", name="Record it").click()
    page.get_by_text("Set their week").click()
    page.get_by_label("Tuesday, stretch 1, from").fill("09:00")
    page.get_by_label("Tuesday, stretch 1, to").fill("17:00")
    page.get_by_role("button", name="Set it").click()

    expect(page.get_by_role("status")).to_have_text("Their week is set.")
    (found,) = [each for each in keytalk.cli("facilitators", "list") if each["email"].startswith("sam@")]
    assert (found["insured_until"], found["max_sessions_a_week"]) == ("2027-06-30", 2)
    assert [each["kind"] for each in found["accreditations"]] == ["NADA"]
    assert found["hours"] == [{"weekday": "tue", "start": "09:00", "end": "17:00"}]


def test_a_refusal_is_said_at_its_own_form_and_what_was_typed_stays(page, keytalk, people):
    page.goto(f"{keytalk.ops_url}/facilitators/{people['Tom']}")
    page.get_by_text("Record one").click()
    page.get_by_label("What for").fill("juggling")
    page.get_by_label("Its first day").fill("2026-01-01")
    page.get_by_role("button", name="Record it").click()

    expect(page.get_by_role("alert")).to_contain_text("No accreditation is called 'juggling'")
    expect(page.locator("#kind-mend")).to_be_visible()
    assert page.get_by_label("What for").input_value() == "juggling"
    assert keytalk.cli("facilitators", "show", people["Tom"])["accreditations"] == []


def test_leave_names_the_sessions_that_need_cover(page, keytalk, people, run):
    page.goto(f"{keytalk.ops_url}/facilitators/{people['Ana']}")
    page.get_by_text("Note days away").click()
    page.get_by_label("From", exact=True).fill("2026-12-07")
    page.get_by_label("To, and on that day too").fill("2026-12-09")
    page.get_by_role("button", name="Note it").click()

    expect(page.get_by_role("status")).to_contain_text("1 session needs cover, the first at Risley (HMP)")
    away = page.get_by_role("listitem").filter(has_text="Mon 7 Dec 2026, 08:30")
    expect(away).to_contain_text("Needs cover")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("No days are noted.")).to_be_visible()


def test_their_calendar_is_chosen_beside_the_place(page, keytalk, people, run):
    page.goto(f"{keytalk.ops_url}/calendar?on=2026-12-01")
    page.get_by_label("Facilitator").select_option(label="Lee Whitfield")
    page.get_by_role("button", name="Show").click()

    expect(page.locator("a.mark", has_text="Risley")).to_have_count(0)
    assert f"who={people['Lee']}" in page.url


def test_windows_are_changed_once_what_they_break_was_seen(page, keytalk, run):
    page.goto(f"{keytalk.ops_url}/places/RSI")
    page.get_by_text("Set windows").click()
    page.get_by_label("Monday").check()
    page.get_by_label("Afternoon, from").fill("13:00")
    page.get_by_label("Afternoon, to").fill("16:30")
    page.get_by_role("button", name="See what follows").first.click()

    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    expect(page.get_by_role("cell", name="13:00–16:30")).to_be_visible()
    expect(page.get_by_text(re.compile("would break a rule"))).to_be_visible()
    assert "13:00-16:30" not in str(keytalk.cli("establishments", "windows", "RSI"))
    page.get_by_role("button", name="Go back").click()
    assert page.get_by_label("Afternoon, from").input_value() == "13:00"
    page.get_by_role("button", name="See what follows").first.click()
    page.get_by_role("button", name="Apply").click()

    expect(page.get_by_role("status")).to_contain_text("Sessions fit in there by these windows now.")
    page.get_by_role("row").filter(has_text="13:00–16:30").get_by_role("button", name="Take back").click()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("status")).to_have_text("They are taken back.")
    assert "13:00-16:30" not in str(keytalk.cli("establishments", "windows", "RSI"))


def test_windows_that_cannot_be_are_refused_where_they_were_typed(page, keytalk):
    page.goto(f"{keytalk.ops_url}/places/BNI")
    page.get_by_text("Set windows").click()
    page.get_by_label("Friday").check()
    page.get_by_label("Morning, from").fill("11:00")
    page.get_by_label("Morning, to").fill("09:00")
    page.get_by_role("button", name="See what follows").first.click()

    expect(page.locator("#am-mend")).to_be_visible()
    expect(page.get_by_label("Friday")).to_be_checked()
    assert page.get_by_label("Morning, from").input_value() == "11:00"


def test_a_place_is_closed_opened_again_and_given_a_room(page, keytalk):
    page.goto(f"{keytalk.ops_url}/places/DHI")
    page.get_by_text("Note days on which it is closed").click()
    page.locator("#first-new").fill("2027-02-15")
    page.locator("#last-new").fill("2027-02-19")
    page.locator("#why-new").select_option("staff_training")
    page.locator("form", has=page.locator("#first-new")).get_by_role("button").click()
    page.get_by_role("button", name="Apply").click()
    closed = page.get_by_role("listitem").filter(has_text="Mon 15 Feb 2027 to Fri 19 Feb 2027")
    expect(closed).to_contain_text("staff training")
    closed.get_by_role("button", name="Open it again").click()
    page.get_by_role("button", name="Apply").click()
    expect(closed).to_have_count(0)

    page.get_by_text("Put a room on file").click()
    page.locator("#room-name").fill("The chapel")
    page.locator("#room-capacity").fill("20")
    page.get_by_role("button", name="Put it on file").click()
    room = page.get_by_role("listitem").filter(has_text="The chapel")
    expect(room).to_contain_text("holds 20")
    room.get_by_role("button", name="Take it out of use").click()
    page.get_by_role("button", name="Apply").click()
    expect(room).to_contain_text("Out of use")


def test_only_what_was_changed_of_a_place_is_set_by_hand(page, keytalk):
    page.goto(f"{keytalk.ops_url}/places/DHI")
    page.get_by_text("Change this").click()
    page.get_by_label("At the gate, minutes before").fill("45")
    page.get_by_label("It asks for a counter-terrorist check (CTC)").check()
    page.locator("form", has=page.get_by_label("Way out, minutes")).get_by_role("button").click()
    page.get_by_role("button", name="Apply").click()

    expect(page.get_by_role("status")).to_have_text("It is changed.")
    shown = keytalk.cli("establishments", "show", "DHI")
    assert (shown["report_minutes"], shown["set_by_hand"]) == (45, ["ctc_required", "report_minutes"])


def test_a_place_for_people_under_18_is_put_on_file_and_approved(page, keytalk):
    page.goto(f"{keytalk.ops_url}/places?search=Wetherby")
    expect(page.get_by_text("No place was found.")).to_be_visible()
    page.get_by_text("Put it on file").first.click()
    for label, text in (("Id", "WYI"), ("Name", "Wetherby (HMYOI)"), ("Town", "Wetherby")):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("People there are under 18").check()
    page.get_by_role("button", name="Put it on file").click()
    expect(page.get_by_text("Not approved")).to_be_visible()
    page.get_by_label("Because").select_option("staff_training_only")
    page.get_by_role("button", name="Approve it in my name").click()

    expect(page.get_by_text("Only staff take part")).to_be_visible()
    page.goto(f"{keytalk.ops_url}/places?search=wetherby&nation=england&active=yes")
    expect(page.get_by_role("link", name="Wetherby (HMYOI)")).to_be_visible()
    page.goto(f"{keytalk.ops_url}/places?search=wetherby&nation=scotland")
    expect(page.get_by_text("No place was found.")).to_be_visible()


def test_today_says_of_each_kind_what_it_is(page, keytalk, people, run, hold, offer):
    keytalk.cli("kit", "request", "STI", "personal workbooks")
    keytalk.cli("kit", "request", "BWI", "workbooks")
    (bullingdon,) = [each for each in keytalk.cli("facilitators", "show", people["Tom"])["clearances"]
                     if each["establishment"] == "BNI"]  # fmt: skip
    keytalk.cli("clearances", "change", bullingdon["id"], "--until", "2027-01-15")
    page.goto(f"{keytalk.ops_url}/today")

    def card(title: str) -> Any:
        return page.locator("section").filter(has=page.get_by_role("heading", name=title))

    expect(card("Sessions today and tomorrow")).to_contain_text(
        "Mon 30 Nov 2026 08:30 to 11:30, session 1, Ana Reyes, Tom Okafor"
    )
    expect(card("Sessions without enough facilitators")).to_contain_text("session 5, Mon 11 Jan 2027, 1 missing")
    expect(card("Clearances to look at")).to_contain_text("ends Fri 15 Jan 2027")
    expect(card("Gate memos due")).to_contain_text("not made yet, due")
    kit = card("Kit a prison was asked about")
    asked = "asked on Mon 30 Nov 2026"
    expect(kit).to_contain_text(f"personal workbooks, Styal (HMP & YOI) {asked}, next session Wed 13 Jan 2027")
    expect(kit).to_contain_text(f"workbooks, Berwyn (HMP) {asked}, no session is planned there")
    expect(card("Facilitators asked")).to_contain_text("Lee Whitfield, Risley (HMP) 1 session, answer by")
    expect(card("Holds that run out")).to_contain_text("last day Thu 3 Dec 2026")
    expect(card("Registers not in yet")).to_contain_text("session 1, Mon 30 Nov 2026: what became of it")


def test_a_yes_by_telephone_is_noted(page, keytalk, offer, run):
    page.goto(f"{keytalk.ops_url}/offers")
    page.get_by_role("link", name="Lee Whitfield").click()
    expect(page.get_by_text("Everybody on the run is told by mail")).to_be_visible()
    page.get_by_role("button", name="Note their yes").click()
    expect(page.get_by_text("Nothing is changed or sent yet.")).to_be_visible()
    page.get_by_role("button", name="Note their yes").click()

    expect(page.get_by_role("status")).to_contain_text("Their yes is noted")
    assert keytalk.cli("offers", "show", offer)["state"] == "accepted"
    expect(page.get_by_role("button", name="Take the offer back")).to_have_count(0)


def test_a_hold_is_let_go_of_once_what_follows_was_read(page, keytalk, hold):
    page.goto(f"{keytalk.ops_url}/holds")
    page.get_by_role("link", name="Styal (HMP & YOI)").click()
    expect(page.get_by_text("Nobody waits behind it.")).to_be_visible()
    page.get_by_label("By how many working days").fill("5")
    page.get_by_role("button", name="Let it last longer").click()
    expect(page.get_by_role("status")).to_have_text("It lasts longer now.")
    page.get_by_role("button", name="Let go of it").click()
    expect(page.get_by_text("Nothing is changed or sent yet.")).to_be_visible()
    assert keytalk.cli("holds", "show", hold["hold"])["state"] == "active"
    page.get_by_role("button", name="Let go of it").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Released")
    assert keytalk.cli("holds", "show", hold["hold"])["state"] == "released"


def test_programmes_say_how_they_are_changed(page, keytalk):
    page.goto(f"{keytalk.ops_url}/programmes")

    expect(page.get_by_role("heading", name="The Many Faces of Trauma")).to_be_visible()
    expect(page.get_by_text("£250.00 a session").first).to_be_visible()
    expect(page.get_by_text("keytalk programmes draft")).to_be_visible()


@pytest.mark.parametrize("name", ["facilitators", "places", "holds", "offers"])
def test_each_list_is_given_as_a_file(keytalk, priya, name, offer, hold):
    answer = priya.get(f"{keytalk.ops_url}/{name}?format=csv&state=all" if name in {"holds", "offers"}
                       else f"{keytalk.ops_url}/{name}?format=csv", timeout=30)  # fmt: skip

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert len(answer.text.splitlines()) > 1


def test_a_double_press_adds_somebody_once(keytalk, priya):
    address = f"{keytalk.ops_url}/facilitators"
    given = {"csrf_token": csrf_token(priya.get(address, timeout=30).text), "key": "kim-once"}

    for _ in range(2):
        asked = given | {"name": "Kim Vale", "email": "kim@facilitators.example"}
        priya.post(address, data=asked, timeout=30).raise_for_status()

    names = [each["name"] for each in keytalk.cli("facilitators", "list")]
    assert names.count("Kim Vale") == 1


def test_who_may_only_read_facilitators_reaches_them_and_is_offered_no_change(keytalk, people):
    sam = signed_in(keytalk, "sam")
    assert 'href="/facilitators"' in sam.get(f"{keytalk.ops_url}/contacts", timeout=30).text
    address = f"{keytalk.ops_url}/facilitators/{people['Tom']}"
    shown = sam.get(address, timeout=30).text
    assert "Tom Okafor" in shown
    assert "Change this" not in shown
    assert "Erase" not in shown

    token = csrf_token(shown)
    refused = sam.post(f"{address}/leave", data={"csrf_token": token, "first": "2027-05-04"}, timeout=30)

    assert refused.status_code == 403
    assert keytalk.cli("facilitators", "show", people["Tom"])["leave"] == []


def test_only_who_protects_data_erases_somebody_and_says_why(keytalk, browser, people):
    erin = keytalk.cli("facilitators", "add", "--name", "Erin Vale", "--email", "erin@facilitators.example")["id"]
    with visiting(browser) as page:
        come_as(page, keytalk, signed_in(keytalk, "dana"))
        page.goto(f"{keytalk.ops_url}/facilitators/{erin}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Erin Vale")
        page.get_by_text("Erase them").click()
        page.get_by_label("Why, without naming them").fill("They asked us to.")
        page.get_by_role("button", name="Erase it for good").click()
        expect(page.locator("#sure-mend")).to_contain_text("Please tick")
        assert keytalk.cli("facilitators", "show", erin)["name"] == "Erin Vale"
        page.get_by_label("I am sure").check()
        page.get_by_role("button", name="Erase it for good").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("A former facilitator")
        expect(page.get_by_text("erin@")).to_have_count(0)
        page.goto(f"{keytalk.ops_url}/audit")
        expect(page.get_by_text("They asked us to.")).to_be_visible()


def test_what_an_erased_facilitator_chose_goes_with_the_rest(keytalk):
    erin = keytalk.cli("facilitators", "add", "--name", "Erin Vale", "--email", "erin2@facilitators.example")["id"]
    person = f"facilitator:{erin}"
    keytalk.cli("preferences", "change", person, "--waiting", "daily", "--reason", "Asked by phone.")

    keytalk.cli("facilitators", "erase", erin, "--reason", "They asked us to.")

    eventually(lambda: person not in [each["person"] for each in keytalk.cli("preferences", "list")], within=20)


def test_every_page_is_for_everybody(page, keytalk, people, hold, offer, pytestconfig):
    source, found = axe_source(pytestconfig.cache), []
    for path in (f"/facilitators/{people['Ana']}", "/places/RSI", f"/holds/{hold['hold']}", f"/offers/{offer}"):
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{keytalk.ops_url}{path}")
            page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
            found += [f"{path} at {width}: {each}" for each in axe_check(page, source)]
            wide = page.evaluate("document.documentElement.scrollWidth")
            found += [] if wide <= width else [f"{path} is {wide} wide on {width}"]
    page.goto(f"{keytalk.ops_url}/places/RSI")
    page.get_by_role("button", name="Open it again").first.click()
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    found += [f"a preview: {each}" for each in axe_check(page, source)]
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": 1280, "height": 900})

    assert found == []
