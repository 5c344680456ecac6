"""What is only asked of the database leaves no transaction open, and PostgreSQL keeps the plans of what comes again."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import select

from services.notifications.tables import messages
from tests.unit.services.notifications.sending_house import to_contact

OFTEN = 10
"""Times after which psycopg has a statement prepared."""


def test_what_is_asked_is_answered_on_both_databases(house):
    house.enter(to_contact())

    with house.database.asking() as connection:
        assert connection.scalars(select(messages.c.occasion)).all() == ["hold:1"]


def test_no_transaction_stays_open_and_plans_are_kept(house):
    if house.database.is_sqlite:
        pytest.skip("a file has no plans to keep")
    for _ in range(OFTEN):
        with house.database.asking() as connection:
            connection.execute(select(messages.c.occasion)).all()
            raw = connection.connection.dbapi_connection
            assert raw.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    with house.database.asking() as connection:
        prepared = connection.exec_driver_sql("SELECT statement FROM pg_prepared_statements").scalars().all()
    assert any("messages.occasion" in each for each in prepared)
