"""The secrets of authenticator apps in the database: sealed with the first key, opened by any of them."""

from __future__ import annotations

from uuid import UUID, uuid4

import pyotp
import pytest
from alembic import command
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.engine import URL, make_url

from ops.accounts.entrance import Entrance, NotLetIn
from ops.accounts.sealing import CannotOpen, Seal
from ops.accounts.second_factor import new_secret
from ops.tables import operators
from shared.persistence import migrations
from tests.unit.ops.gateway_cast import HERE, PASSWORD, TOKEN

OLD, NEW, LOST = (
    "an-old-key-of-thirty-two-characters",
    "a-new-key-of-thirty-two-characters!",
    "a-key-that-nobody-has-any-more-at-all",
)
DAN = UUID(int=4)


def test_a_secret_is_kept_as_nobody_can_read_it_and_opens_for_whom_it_is():
    secret, seal = new_secret(), Seal([NEW])
    kept = seal.seal(secret, DAN)

    assert secret not in kept
    assert len(kept) <= operators.c.totp_secret.type.length
    assert seal.seal(secret, DAN) != kept
    assert seal.open(kept, DAN) == secret


def test_in_anothers_row_it_opens_nothing():
    kept = Seal([NEW]).seal(new_secret(), DAN)

    with pytest.raises(CannotOpen):
        Seal([NEW]).open(kept, uuid4())


def test_keys_are_rotated():
    secret = new_secret()
    kept = Seal([OLD]).seal(secret, DAN)

    assert Seal([NEW, OLD]).open(kept, DAN) == secret
    assert [Seal(keys).is_outdated(kept) for keys in ([OLD], [OLD, NEW], [NEW, OLD])] == [False, False, True]
    with pytest.raises(CannotOpen):
        Seal([NEW]).open(kept, DAN)


@pytest.mark.parametrize("kept", ["", "gAAAAA", "not sealed at all", "ü"])
def test_what_was_never_sealed_opens_nothing(kept):
    with pytest.raises(CannotOpen):
        Seal([NEW]).open(kept, DAN)


def test_a_secret_from_before_there_were_seals_is_as_it_is():
    secret = new_secret()

    assert Seal([NEW]).open(secret, DAN) == secret
    assert Seal([NEW]).is_outdated(secret)


@pytest.fixture
def settings() -> dict[str, str]:
    return {"KEYTALK_SECRET_KEYS": NEW}


@pytest.fixture
def secret(visitor, add, clock) -> str:
    """Priya's, who has just set up a code."""
    add()
    visitor.sign_in()
    page = visitor.get("/account/second-factor").text
    shown = page.partition('name="secret" value="')[2].partition('"')[0]
    given = {"secret": shown, "code": pyotp.TOTP(shown).at(clock.now), "old": PASSWORD}
    assert visitor.post("/account/second-factor", **given).status_code == 302
    clock.on(seconds=60)
    return shown


def kept_in(gateway) -> str:
    with gateway.entrance.database.reading() as connection:
        return str(connection.scalar(select(operators.c.totp_secret)))


def keep(gateway, value: str) -> None:
    with gateway.entrance.database.writing() as connection:
        connection.execute(update(operators).values(totp_secret=value))


def entrance(gateway, *keys: str) -> Entrance:
    return Entrance(gateway.entrance.database, gateway.clock, keys, TOKEN)


def whose(gateway) -> UUID:
    with gateway.entrance.database.reading() as connection:
        return UUID(str(connection.scalar(select(operators.c.id))))


def test_the_database_has_it_sealed_and_a_code_lets_in(gateway, another, secret, clock):
    assert secret not in kept_in(gateway)
    assert another.sign_in(code=pyotp.TOTP(secret).at(clock.now)).status_code == 302
    assert another.is_in()


def test_one_from_before_is_sealed_by_signing_in(gateway, another, secret, clock):
    keep(gateway, secret)

    assert another.sign_in(code=pyotp.TOTP(secret).at(clock.now)).status_code == 302
    assert another.is_in()
    assert Seal([NEW]).open(kept_in(gateway), whose(gateway)) == secret != kept_in(gateway)


def test_all_are_sealed_with_the_key_in_use_at_a_start(gateway, secret):
    keep(gateway, Seal([OLD]).seal(secret, whose(gateway)))

    assert entrance(gateway, NEW, OLD).seal_all() == 1
    assert Seal([NEW]).open(kept_in(gateway), whose(gateway)) == secret
    assert entrance(gateway, NEW).seal_all() == 0


def test_where_the_key_is_lost_who_knows_the_password_is_told_the_mend(gateway, secret, clock, caplog):
    lost = Seal([LOST]).seal(secret, whose(gateway))
    keep(gateway, lost)
    code = pyotp.TOTP(secret).at(clock.now)

    with pytest.raises(NotLetIn) as told:
        gateway.entrance.sign_in("priya", PASSWORD, code, HERE)
    with pytest.raises(NotLetIn) as untold:
        gateway.entrance.sign_in("priya", "a wrong password of some length", code, HERE)

    assert "keytalk operators remove-second-factor priya" in told.value.detail
    assert "KEYTALK_SECRET_KEYS" not in untold.value.detail
    assert gateway.entrance.seal_all() == 0
    assert kept_in(gateway) == lost
    assert "a second factor cannot be opened" in caplog.messages


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_there_has_room_for_seals_after_the_migration(kind, request, tmp_path):
    if kind == "sqlite":
        url = URL.create("sqlite", database=str(tmp_path / "ops.sqlite3"))
    else:
        url = make_url(request.getfixturevalue("postgres").new_database("ops")).set(drivername="postgresql+psycopg")
    command.upgrade(migrations._config("ops", url), "0001")
    engine, secret = create_engine(url), new_secret()
    add = text(
        "INSERT INTO operators (id, name, full_name, email, roles, totp_secret, created_at)"
        " VALUES (:id, 'dan', 'Dan', 'dan@example.org', '[]', :secret, '2027-01-12 09:00:00+00:00')"
    )
    with engine.begin() as connection:
        connection.execute(add, {"id": DAN.hex if kind == "sqlite" else str(DAN), "secret": secret})
    migrations.migrate("ops", url)
    with engine.begin() as connection:
        assert connection.scalar(select(operators.c.totp_secret)) == secret
        connection.execute(update(operators).values(totp_secret=Seal([NEW]).seal(secret, DAN)))
    engine.dispose()
