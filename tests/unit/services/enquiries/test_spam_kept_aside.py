"""A wave of varied spam at night, stored by the web side: the wave is kept aside, and a prison's own post is not.

Source: domain notes, section 6, scenario 9: Saturday 5 December 2026, 02:00 to 02:30, 240 posts; one genuine at 02:11.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.engine import URL

from services.enquiries.domain.screening import NO_SIGNS, Signs
from services.enquiries.schemas import parse_enquiry
from services.enquiries.tables import enquiries, establishments, messaging, metadata
from services.enquiries.web.door import ServiceIntake
from shared.persistence.database import Database
from shared.persistence.work import Store
from tests.corpus import HONEST, spam_wave
from tests.examples import risley_enquiry

TWO = datetime(2026, 12, 5, 2, 0, tzinfo=UTC)
MESSAGE = "We can put your organisation in front of thousands of new customers each day of the week."


class Night:
    """The public side of enquiries on a database of its own, and the time of night."""

    def __init__(self, database: Database) -> None:
        self.now = TWO
        self.database = database
        store = Store(database, messaging, lambda: self.now, "enquiries")
        settings = SimpleNamespace(
            org_name="Keytalk", public_url="https://keys.example", allowed_origins=(), secret_keys=("k" * 16,)
        )
        self.intake = ServiceIntake(SimpleNamespace(backing=SimpleNamespace(settings=settings), store=lambda: store))

    def post(self, answers: dict[str, Any], signs: Signs = NO_SIGNS) -> str:
        clean = parse_enquiry(answers, self.intake.today())
        return self.intake.receive(clean, None, "form", signs).reference

    def standing_of(self, reference: str) -> str:
        with self.database.reading() as connection:
            found = connection.scalar(select(enquiries.c.standing).where(enquiries.c.reference == reference))
        return str(found)

    def count(self, standing: str) -> int:
        counted = select(func.count()).select_from(enquiries).where(enquiries.c.standing == standing)
        with self.database.reading() as connection:
            return int(connection.scalar(counted) or 0)


@pytest.fixture
def night(tmp_path):
    database = Database(URL.create("sqlite", database=str(tmp_path / "enquiries.sqlite3")))
    metadata.create_all(database.engine)
    yield Night(database)
    database.close()


def test_of_240_posts_nearly_all_are_kept_aside_and_the_genuine_one_is_filed(night: Night) -> None:
    genuine = None
    for shot in spam_wave(240):
        if genuine is None and night.now >= TWO + timedelta(minutes=11):
            genuine = night.post(risley_enquiry())
        night.post(shot)
        night.now += timedelta(seconds=7.5)

    assert night.standing_of(genuine) == "filed"
    assert night.count("quarantined") >= 228
    assert night.count("quarantined") + night.count("filed") == 241


def test_no_honest_post_of_many_kinds_is_kept_aside_in_one_night(night: Night) -> None:
    standings = {night.standing_of(night.post(asked)) for asked in HONEST}

    assert standings == {"filed"}


def test_harmless_words_from_ever_new_senders_are_kept_aside_from_the_third_on(night: Night) -> None:
    standings = [
        night.standing_of(night.post(risley_enquiry(message=MESSAGE, contact_email=f"forged{number}@x.example")))
        for number in range(6)
    ]

    assert standings == ["filed", "filed"] + ["quarantined"] * 4


def test_a_place_that_we_know_counts_in_favour_of_what_looks_like_spam_by_a_little(night: Night) -> None:
    with night.database.writing() as connection:
        risley = {"id": "RSI", "name": "Risley (HMP)", "bare_name": "risley", "nation": "england"}
        connection.execute(insert(establishments).values(**risley, active=True, version=1))
    words = "Our leaflet is at https://www.leaflets.example, and it says 'free trial' in one place."
    fast = Signs(seconds=1)
    stranger = risley_enquiry(establishment="Elsewhere", message=words, contact_email="jo@gmail.com")
    on_the_edge = {**stranger, "message": "See https://www.leaflets.example"}

    assert night.standing_of(night.post(on_the_edge, fast)) == "quarantined"
    assert night.standing_of(night.post({**on_the_edge, "establishment": "HMP Risley"}, fast)) == "filed"
    assert night.standing_of(night.post({**stranger, "establishment": "HMP Risley"}, fast)) == "quarantined"
