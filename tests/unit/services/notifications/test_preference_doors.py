"""How operators read and set what people prefer, which of it counts, and what goes when somebody is erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from uuid import UUID

import pytest
from sqlalchemy.engine import make_url

from services.notifications.channels.maildir import MaildirChannel
from services.notifications.domain.preferences import DEFAULT, Preferences, Way
from services.notifications.doors.preferences import PreferenceDoors
from services.notifications.handlers import erasing, preferences
from services.notifications.queries.preferences import preferences_of
from services.notifications.tables import messaging, metadata
from services.notifications.web.preference_links import PreferenceLinks
from shared.contracts.enquiries import PersonErased
from shared.errors import Refused
from shared.persistence.database import Database
from shared.persistence.work import Store
from tests.unit.services.notifications.preference_cast import CONTACT, ENQUIRER, FACILITATOR, KEYS, SAM, settings_at

OFF = Preferences(non_critical=False)
WHY = "asked by phone"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path, now):
    url = f"sqlite:///{tmp_path / 'notifications.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database().replace("postgresql:", "postgresql+psycopg:")
    database = Database(make_url(url))
    metadata.create_all(database.engine)
    yield Store(database, messaging, lambda: now, "notifications")
    database.close()


@pytest.fixture
def doors(store, tmp_path):
    made = PreferenceDoors()
    made.store, made.settings = store, settings_at(tmp_path)
    return made


def choose(store, person, chosen, minutes=0):
    with store.work() as work:
        later = replace(work, now=work.now + timedelta(minutes=minutes))
        preferences.change(later, person, chosen, by="a test")


def counts(store, person, recipient=None):
    with store.database.reading() as connection:
        return preferences_of(connection, person, recipient)


def refusal(call, *args, **named):
    with pytest.raises(Refused) as caught:
        call(*args, **named)
    return caught.value


def test_what_is_given_changes_and_the_rest_stays(doors, store, now):
    doors.change_preferences(FACILITATOR, channel="phone", quiet_from="20:15", reason=WHY, actor="priya")
    changed = doors.change_preferences(FACILITATOR, digest=True, reason="asked by mail", actor="tariq")

    assert changed == {
        "person": FACILITATOR,
        "channel": "phone",
        "digest": True,
        "non_critical": True,
        "quiet": True,
        "quiet_from": "20:15",
        "quiet_until": "08:00",
        "changed_at": now.isoformat(),
        "changed_by": "tariq",
        "reason": "asked by mail",
    }
    assert counts(store, FACILITATOR) == Preferences(Way.PHONE, digest=True, quiet_from=time(20, 15))


def test_what_somebody_prefers_comes_with_the_address_of_their_page(doors):
    links = PreferenceLinks(KEYS, "https://keys.example")

    shown = doors.get_preferences(f"contact:{SAM.hex}")

    assert (shown["person"], shown["page"]) == (CONTACT, links.page(CONTACT))
    assert (shown["channel"], shown["changed_at"]) == ("email", None)


def test_the_list_has_the_last_change_first_and_no_address_of_a_page(doors, store):
    choose(store, CONTACT, OFF)
    choose(store, FACILITATOR, DEFAULT, minutes=5)

    assert [each["person"] for each in doors.list_preferences()] == [FACILITATOR, CONTACT]
    assert [each["person"] for each in doors.list_preferences(limit=1)] == [FACILITATOR]
    assert "page" not in doors.list_preferences()[0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"quiet_from": "half past six"}, "quiet_from"),
        ({"quiet_until": "18:00"}, "quiet_until"),
        ({"quiet_from": "08:00:30"}, "quiet_from"),
        ({"digest": "perhaps"}, "digest"),
        ({"non_critical": []}, "non_critical"),
        ({"quiet": 7}, "quiet"),
        ({"reason": None}, "reason"),
        ({"reason": "x"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"person": "ops"}, "person"),
        ({"person": "sam@risley.example"}, "person"),
        ({"person": None}, "person"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_kept(doors, changes, field):
    asked = {"person": FACILITATOR, "digest": True, "reason": WHY, **changes}
    refused = refusal(doors.change_preferences, **asked)

    assert (refused.code, list(refused.fields)) == ("invalid", [field])
    assert all(sentence.endswith(".") for sentence in refused.fields[field])
    assert doors.list_preferences() == []


def test_hours_that_are_off_may_begin_and_end_at_one_time(doors):
    changed = doors.change_preferences(FACILITATOR, quiet=False, quiet_until="18:00", reason=WHY)

    assert (changed["quiet"], changed["quiet_until"]) == (False, "18:00")


def test_whoever_has_not_chosen_gets_what_we_begin_with(store):
    assert counts(store, CONTACT) == counts(store, None) == DEFAULT


@pytest.mark.parametrize(("first", "last"), [(CONTACT, ENQUIRER), (ENQUIRER, CONTACT)])
def test_of_two_names_of_one_person_what_they_said_last_counts(store, first, last):
    choose(store, first, Preferences(digest=True))
    choose(store, last, OFF, minutes=1)

    assert counts(store, CONTACT, ENQUIRER) == OFF
    assert counts(store, first) == Preferences(digest=True)


def test_what_an_erased_person_chose_goes_and_what_others_chose_stays(store):
    for person in (CONTACT, ENQUIRER, FACILITATOR, "enquirer:KT-QQQQ-22"):
        choose(store, person, OFF)

    with store.work() as work:
        erasing.when_person_erased(work, PersonErased(UUID(int=7), ("KT-7F3K-92",), (SAM,)))

    assert [counts(store, person) for person in (CONTACT, ENQUIRER)] == [DEFAULT, DEFAULT]
    assert [counts(store, person) for person in (FACILITATOR, "enquirer:KT-QQQQ-22")] == [OFF, OFF]


def test_an_export_gives_what_the_person_chose_and_nobody_else(store, tmp_path):
    for person in (CONTACT, ENQUIRER, FACILITATOR):
        choose(store, person, OFF)

    with store.database.reading() as connection:
        given = erasing.held_on(connection, MaildirChannel(tmp_path / "mail"), ["KT-7F3K-92"], [str(SAM)])

    assert {each["person"] for each in given["preferences"]} == {CONTACT, ENQUIRER}
    assert {each["quiet_from"] for each in given["preferences"]} == {"18:00:00"}
