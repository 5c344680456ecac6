"""At filing: who an enquiry is from, which organisation, and what it may be the same as. On both databases."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from services.enquiries.handlers import matching, merging, people
from services.enquiries.handlers import organisations as organisation_handlers
from services.enquiries.people_schemas import ContactForm, OrganisationForm, parse
from services.enquiries.queries.matching import list_matches
from services.enquiries.tables import contact_history, contacts, enquiries, holdings, matches, organisations, posts
from shared.errors import Refused
from tests.enquiry_store import at, emptied, file, filed, know_establishment, new_database, post, row_of, rows, shown

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
KEYS = ("a key of sixteen or more",)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    database = new_database(request.param, tmp_path_factory.mktemp("who"), request)
    yield database
    database.close()


@pytest.fixture
def store(database):
    store = emptied(database, NOW)
    know_establishment(store, "RSI", "Risley (HMP)")
    know_establishment(store, "BNI", "Bullingdon (HMP & YOI)")
    return store


def suggestions(store, reference, kind=None):
    with store.database.reading() as connection:
        found = list_matches(connection, reference, settled=False)
    return {each["id"]: each for each in found if kind in (None, each["kind"])}


def add_organisation(store, **said):
    with store.work() as work:
        given = {"kind": "partner_agency", **said}
        return organisation_handlers.add_organisation(work, parse(OrganisationForm, given, NOW.date()), actor="priya")


def test_a_new_enquirer_becomes_a_contact_with_a_post_at_the_establishment(store):
    reference = filed(store)

    [contact], [post_row], [holding] = rows(store, contacts), rows(store, posts), rows(store, holdings)
    assert (contact.name, contact.email, contact.source, contact.status) == (
        "Alex Morgan",
        "alex.morgan@risley.example",
        reference,
        "active",
    )
    assert post_row.title == "Head of reducing reoffending"
    assert (holding.post_id, holding.contact_id, holding.until) == (post_row.id, contact.id, None)
    enquiry = row_of(store, reference)
    assert (enquiry.contact_id, enquiry.organisation_id) == (contact.id, contact.organisation_id)
    assert shown(store, reference)["contact"] == {
        "name": "Alex Morgan",
        "role": "Head of reducing reoffending",
        "email": "alex.morgan@risley.example",
        "phone": None,
        "organisation": "Risley (HMP)",
        "status": "active",
        "id": str(contact.id),
    }


def test_before_it_is_filed_an_enquiry_shows_who_asked(store):
    reference = post(store)

    assert shown(store, reference)["contact"] == {**shown(store, reference)["asked_by"], "status": "active", "id": None}


def test_an_address_in_other_case_is_the_same_person(store):
    filed(store)
    again = filed(store, contact_email="Alex.Morgan@RISLEY.example", programme="unlocking-the-key-to-compassion")

    [contact] = rows(store, contacts)
    assert row_of(store, again).contact_id == contact.id
    assert len(rows(store, holdings)) == 1


def test_what_someone_says_otherwise_is_noted_once_and_written_over_nothing(store):
    filed(store)
    for _ in range(2):
        filed(store, contact_name="Alexandra Morgan", contact_role="Governor", contact_phone="01925 763871")

    [contact] = rows(store, contacts)
    noted = [(row.kind, row.was, row.now) for row in rows(store, contact_history)]
    assert (contact.name, contact.phone) == ("Alex Morgan", "01925 763871")
    assert noted.count(("name_given", "Alex Morgan", "Alexandra Morgan")) == 1
    assert noted.count(("role_given", "Head of reducing reoffending", "Governor")) == 1
    assert noted.count(("phone", None, "01925 763871")) == 1
    assert [row.title for row in rows(store, posts)] == ["Head of reducing reoffending"]


def test_two_new_posts_of_one_person_in_one_batch_are_one_contact(store):
    first, second = post(store), post(store)
    file(store, first)
    file(store, second)
    file(store, second)

    assert len(rows(store, contacts)) == 1


def test_two_enquiries_of_one_new_person_filed_at_the_same_moment_are_one_contact(store):
    references = [post(store), post(store)]
    both = [threading.Thread(target=file, args=(store, reference)) for reference in references]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(timeout=30)

    [contact] = rows(store, contacts)
    assert [row_of(store, reference).contact_id for reference in references] == [contact.id, contact.id]


def test_someone_without_an_address_is_a_contact_reached_by_phone(store):
    reference = post(store, contact_phone="01925 763871")
    with store.work() as work:
        work.connection.execute(
            update(enquiries).where(enquiries.c.reference == reference).values(contact_email=None, channel="phone")
        )
    file(store, reference)

    [contact] = rows(store, contacts)
    assert (contact.email, contact.preferred_channel) == (None, "phone")
    assert shown(store, reference)["contact"]["email"] is None


def test_someone_who_had_left_and_writes_again_is_back(store):
    filed(store)
    with store.work() as work:
        work.connection.execute(update(contacts).values(status="bounced"))
    reference = filed(at(store, NOW + timedelta(days=90)))

    assert shown(store, reference)["contact"]["status"] == "active"
    assert ("status", "bounced", "active") in [(row.kind, row.was, row.now) for row in rows(store, contact_history)]


def test_an_establishment_is_an_organisation_whose_name_keeps_in_step(store):
    know_establishment(store, "RSI", "Risley New Name (HMP)", version=2)
    know_establishment(store, "RSI", "Risley Old Name (HMP)", version=1)

    [row] = [row for row in rows(store, organisations) if row.establishment_id == "RSI"]
    assert (row.name, row.bare_name, row.kind) == ("Risley New Name (HMP)", "risley new name", "establishment")


def test_an_unlisted_place_is_suggested_by_a_name_that_is_nearly_right(store):
    reference = filed(store, establishment="HMP Bullingden", organisation=None)

    [match] = suggestions(store, reference, "organisation").values()
    assert match["name"] == "Bullingdon (HMP & YOI)"
    assert match["score"] >= 60
    assert match["reasons"] == ["the name is nearly the same"]
    assert row_of(store, reference).organisation_id is None


def test_a_former_name_is_suggested_too(store):
    know_establishment(store, "FDI", "Ford (HMP)", other_names=("Sussex Open Prison",))
    reference = filed(store, establishment="Sussex Open", organisation=None)

    assert [each["name"] for each in suggestions(store, reference, "organisation").values()] == ["Ford (HMP)"]


def test_an_organisation_is_suggested_by_the_domain_its_people_write_from(store):
    hub = add_organisation(store, name="Northern Hub", email_domain="hub.example")
    reference = filed(store, establishment="An office", organisation=None, contact_email="pat@hub.example")

    assert list(suggestions(store, reference, "organisation")) == [str(hub)]


def test_taking_a_suggested_organisation_settles_the_place_and_where_the_person_works(store):
    earlier = filed(store, establishment="BNI", contact_email="kim@bullingdon.example", contact_name="Kim Lee")
    reference = filed(at(store, NOW + timedelta(days=3)), establishment="HMP Bullingden", organisation=None)
    [target] = suggestions(store, reference, "organisation")
    with store.work() as work:
        matching.link_organisation(work, reference, row_of(store, earlier).organisation_id, actor="priya")

    assert target == str(row_of(store, earlier).organisation_id)
    row = row_of(store, reference)
    assert (str(row.organisation_id), row.establishment_id) == (target, "BNI")
    assert list(suggestions(store, reference)) == [earlier]
    contact = shown(store, reference)["contact"]
    assert (contact["organisation"], contact["role"]) == ("Bullingdon (HMP & YOI)", "Head of reducing reoffending")
    assert len(rows(store, holdings)) == 2


def test_the_same_person_with_another_address_is_suggested_and_linked_by_hand_alone(store):
    first = filed(store)
    reference = filed(store, contact_email="a.morgan@risley.example", contact_name="Morgan, Alex")
    known = str(row_of(store, first).contact_id)

    match = suggestions(store, reference, "contact")[known]
    assert match["score"] >= 60
    assert "the name is the same" in match["reasons"]
    assert str(row_of(store, reference).contact_id) != known
    with store.work() as work:
        matching.link_contact(work, reference, row_of(store, first).contact_id, actor="priya")
    assert str(row_of(store, reference).contact_id) == known
    assert suggestions(store, reference, "contact") == {}


def test_what_was_refused_is_not_suggested_again(store):
    first = filed(store)
    reference = filed(store, contact_email="a.morgan@risley.example")
    known = str(row_of(store, first).contact_id)
    with store.work() as work:
        matching.refuse_match(work, reference, known, actor="priya")
        matching.link_organisation(work, reference, row_of(store, first).organisation_id, actor="priya")

    assert suggestions(store, reference, "contact") == {}


def test_the_same_ask_within_sixty_days_is_suggested_with_its_reasons_and_merged_by_nobody(store):
    older = filed(store)
    newer = filed(
        at(store, NOW + timedelta(days=21)), contact_email="hub@risley.example", contact_name="Activities Hub"
    )

    [match] = suggestions(store, newer, "duplicate").values()
    assert match["id"] == older
    assert "it is for the same establishment" in match["reasons"]
    assert "it asks for the same programme" in match["reasons"]
    assert "they came 21 days apart" in match["reasons"]
    assert list(suggestions(store, older, "duplicate")) == [newer]
    assert row_of(store, newer).standing == "filed"


def test_after_sixty_days_it_is_another_ask(store):
    filed(store)
    newer = filed(at(store, NOW + timedelta(days=61)))

    assert suggestions(store, newer, "duplicate") == {}


@pytest.mark.parametrize("values", [{"standing": "quarantined"}, {"stage": "spam"}, {"erased_at": NOW}])
def test_what_is_held_spam_or_erased_is_no_candidate(store, values):
    older = filed(store)
    with store.work() as work:
        work.connection.execute(update(enquiries).where(enquiries.c.reference == older).values(values))
    newer = filed(at(store, NOW + timedelta(days=1)), contact_email="hub@risley.example")

    assert suggestions(store, newer, "duplicate") == {}


def test_a_pair_is_suggested_once_whichever_is_filed_first(store):
    first, second = post(store), post(at(store, NOW + timedelta(minutes=1)))
    file(store, second)
    file(store, first)

    assert len([row for row in rows(store, matches) if row.kind == "duplicate"]) == 1


def test_a_pair_that_is_not_the_same_is_never_suggested_again(store):
    older = filed(store)
    newer = filed(at(store, NOW + timedelta(days=1)))
    with store.work() as work:
        merging.not_duplicate(work, newer, older, actor="priya")
        merging.not_duplicate(work, older, newer, actor="priya")
        row = row_of(store, newer)
        matching.link_organisation(work, newer, row.organisation_id, actor="priya")

    assert suggestions(store, newer, "duplicate") == {}
    assert [step["kind"] for step in shown(store, older)["timeline"]].count("not_duplicate") == 1


def test_what_was_merged_stands_for_its_thread(store):
    older = filed(store)
    merged = filed(at(store, NOW + timedelta(days=40)), contact_email="hub@risley.example")
    with store.work() as work:
        merging.merge_enquiry(work, merged, older, reason=None, actor="priya")
    newest = filed(at(store, NOW + timedelta(days=70)), contact_email="gov@risley.example")

    assert list(suggestions(store, newest, "duplicate")) == [older]


def test_a_few_of_many_are_suggested(store):
    for day in range(12):
        filed(at(store, NOW + timedelta(days=day)))
    newest = filed(at(store, NOW + timedelta(days=20)))

    with store.database.reading() as connection:
        kept = connection.execute(select(matches).where(matches.c.reference == newest)).all()
    assert len(kept) == 5
    assert json.loads(kept[0].reasons)


def test_an_erased_person_is_not_added_by_hand_and_welcome_by_themselves(store):
    from services.enquiries.domain.privacy import person_hash
    from services.enquiries.tables import suppressions

    with store.work() as work:
        hashed = person_hash(KEYS[0], "alex.morgan@risley.example")
        work.connection.execute(suppressions.insert(), {"person_hash": hashed, "at": NOW, "reason": "erased"})
    said = parse(ContactForm, {"name": "Alex Morgan", "email": "Alex.Morgan@risley.example"}, NOW.date())

    with pytest.raises(Refused) as refusal, store.work() as work:
        people.add_contact(work, said, keys=KEYS, actor="priya")

    assert "asked us to erase" in refusal.value.fields["email"][0]
    filed(store)
    assert [row.name for row in rows(store, contacts)] == ["Alex Morgan"]
