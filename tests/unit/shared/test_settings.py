"""Settings are read once, typed, and refused at start by the name of the bad variable."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from shared.config import SERVICES, BadSettings, Settings, read_settings

TOKEN = "a-token-of-sixteen"


@pytest.fixture
def read(tmp_path):
    """Read settings with a home of their own."""

    def read(**variables: str) -> Settings:
        named = {f"KEYTALK_{name}": value for name, value in variables.items()}
        return read_settings({"KEYTALK_HOME": str(tmp_path / "home"), **named})

    return read


def test_with_nothing_set_it_runs_embedded_on_the_loopback(read, tmp_path):
    settings = read()

    assert settings.embedded
    assert (settings.bind, settings.public_port, settings.ops_port) == ("127.0.0.1", 8000, 8001)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert (settings.smtp_url, settings.maildir) == (None, tmp_path / "home" / "mail")
    assert (settings.intake_limits, settings.testing) == (True, False)
    for service in SERVICES:
        url = settings.database_url_of(service)
        assert (url.drivername, url.database) == ("sqlite", str(tmp_path / "home" / f"{service}.sqlite3"))


def test_a_variable_set_to_nothing_counts_as_not_set(read):
    assert read(PUBLIC_PORT="", AMQP_URI="").embedded


def test_how_people_are_named_is_a_setting(read):
    assert read().people_term == "people in prison"
    assert read(PEOPLE_TERM="prisoners").people_term == "prisoners"


def test_a_broker_ends_the_embedded_mode(read):
    assert not read(AMQP_URI="amqp://keytalk@broker/keytalk").embedded


@pytest.mark.parametrize(
    ("variables", "may"),
    [
        ({}, True),
        ({"SMTP_URL": "smtp://mail.example"}, False),
        ({"ALERT_URLS": "json://chat.example"}, False),
        ({"AMQP_URI": "amqp://keytalk@broker/keytalk"}, False),
        ({"SMTP_URL": "smtp://mail.example", "TESTING": "on"}, True),
    ],
)
def test_another_time_is_played_only_where_nothing_real_goes_out(read, variables, may):
    assert read(**variables).may_play_time is may


def test_words_are_split_at_commas(read):
    settings = read(TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.7", ALLOWED_ORIGINS="https://www.example.org")

    assert settings.trusted_proxies == ("10.0.0.0/8", "192.0.2.7")
    assert settings.allowed_origins == ("https://www.example.org",)


def test_the_public_address_has_no_slash_at_its_end(read):
    assert read(PUBLIC_URL="https://enquire.example.org/").public_url == "https://enquire.example.org"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_plain_postgresql_address_gets_psycopg_and_each_service_its_database(read, scheme):
    settings = read(DATABASE_URL=f"{scheme}://app:secret@db:5433/ignored")

    for service in SERVICES:
        url = settings.database_url_of(service)
        assert url.render_as_string(hide_password=False) == f"postgresql+psycopg://app:secret@db:5433/keytalk_{service}"


def test_one_service_may_have_a_database_elsewhere(read):
    settings = read(DATABASE_URL="postgresql://db/x", SCHEDULING_DATABASE_URL="postgresql://other/plans")

    assert str(settings.database_url_of("scheduling")) == "postgresql+psycopg://other/plans"
    assert str(settings.database_url_of("enquiries")) == "postgresql+psycopg://db/keytalk_enquiries"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PEOPLE_TERM", "<b>people</b>"),
        ("PEOPLE_TERM", "x" * 41),
        ("PUBLIC_PORT", "eighty"),
        ("PUBLIC_PORT", "65536"),
        ("OPS_PORT", "-1"),
        ("INTERNAL_PORT", "80.5"),
        ("AMQP_URI", "http://broker"),
        ("DATABASE_URL", "mysql://db/keytalk"),
        ("DATABASE_URL", "no address"),
        ("ENQUIRIES_DATABASE_URL", "mysql://db"),
        ("SCHEDULING_DATABASE_URL", "mysql://db"),
        ("NOTIFICATIONS_DATABASE_URL", "mysql://db"),
        ("SMTP_URL", "mail.example.org"),
        ("SMTP_URL", "smtp://"),
        ("PUBLIC_URL", "enquire.example.org"),
        ("SECRET_KEYS", "short"),
        ("SECRET_KEYS", "first-key-of-sixteen,second-key-of-sixteen,third-key-of-sixteen"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("ALLOWED_ORIGINS", "https://www.example.org/form"),
        ("ALLOWED_ORIGINS", "*"),
        ("ORG_NAME", "Keytalk\r\nBcc: everyone@example.org"),
        ("MAIL_FROM", "Keytalk"),
        ("OPS_MAILBOX", "ops"),
        ("OPS_TOKEN", "short"),
        ("OPS_TOKEN", "a token with spaces in it"),
        ("INTAKE_LIMITS", "yes"),
        ("TESTING", "1"),
        ("DATABASE_POOL", "0"),
        ("DATABASE_POOL", "many"),
    ],
)
def test_a_bad_variable_is_refused_by_its_name(read, name, value):
    with pytest.raises(BadSettings, match=rf"(?m)^KEYTALK_{name}: ."):
        read(**{name: value})


def test_every_bad_variable_is_named_at_once(read):
    with pytest.raises(BadSettings) as refusal:
        read(PUBLIC_PORT="x", SMTP_URL="x", DATABASE_POOL="x")

    named = [line.partition(":")[0] for line in str(refusal.value).splitlines()[1:]]
    assert named == ["KEYTALK_DATABASE_POOL", "KEYTALK_PUBLIC_PORT", "KEYTALK_SMTP_URL"]


def test_a_refusal_does_not_repeat_a_secret(read):
    with pytest.raises(BadSettings) as refusal:
        read(OPS_TOKEN="pass word pass word", SECRET_KEYS="hush", DATABASE_URL="mysql://app:quiet@db/x")

    assert not any(secret in str(refusal.value) for secret in ("pass word", "hush", "quiet"))


def test_what_belongs_to_others_is_left_aside(tmp_path):
    settings = read_settings({"KEYTALK_HOME": str(tmp_path), "PUBLIC_PORT": "x", "KEYTALK_UNHEARD_OF": "x"})

    assert settings.public_port == 8000


def test_secrets_that_are_not_set_are_made_once_and_stay(read):
    first, second = read(), read()

    assert len(first.ops_token) >= 32
    assert len(first.secret_keys[0]) >= 32
    assert first.ops_token != first.secret_keys[0]
    assert (second.ops_token, second.secret_keys) == (first.ops_token, first.secret_keys)


def test_kept_secrets_are_their_owners_only(read):
    settings = read()

    for file in (settings.token_file, settings.home / "secret-key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    assert settings.token_file.read_text().strip() == settings.ops_token


def test_two_homes_have_two_secrets(read, tmp_path):
    assert read().ops_token != read(HOME=str(tmp_path / "other")).ops_token


def test_secrets_that_are_set_are_used_and_nothing_is_kept(read):
    settings = read(OPS_TOKEN=TOKEN, SECRET_KEYS="new-key-of-sixteen,old-key-of-sixteen")

    assert (settings.ops_token, settings.secret_keys) == (TOKEN, ("new-key-of-sixteen", "old-key-of-sixteen"))
    assert not settings.home.exists()


def test_home_is_an_absolute_path(read, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert read(HOME="here").home == Path(tmp_path) / "here"
