"""What the doctor says as a whole: its exit code, no secret in its words, and whom the settings are for."""

from __future__ import annotations

import pytest

from ops.doctor.findings import (
    Finding,
    broken,
    could_not_look,
    duration,
    exit_code,
    look,
    ok,
    plain_data,
    without_secrets,
)
from ops.doctor.patient import examine

ALL = ("enquiries", "scheduling", "notifications", "ops")


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([ok("disk", "")], 0),
        ([ok("disk", ""), look("canary", "", "")], 0),
        ([ok("disk", ""), could_not_look("clock", "")], 0),
        ([ok("disk", ""), broken("relay", "", "")], 1),
        ([could_not_look("clock", ""), broken("relay", "", "")], 1),
        ([could_not_look("clock", "")], 3),
        ([], 3),
    ],
)
def test_the_exit_code_says_whether_something_is_broken_or_nothing_was_seen(findings, code):
    assert exit_code(findings) == code


def test_findings_as_data_have_their_counts():
    told = plain_data([ok("disk", "room"), broken("relay", "stuck", "mend it")])

    assert told["checks"][1] == {"check": "relay", "state": "broken", "words": "stuck", "mend": "mend it"}
    assert told["counts"] == {"ok": 1, "look": 0, "broken": 1, "could not look": 0}


def test_no_secret_and_no_password_of_an_address_is_left_in_words_or_mend():
    finding = Finding("broker", "broken", "amqp://u:other@host said a-pass-word", "keytalk a-pass-word-long")

    [masked] = without_secrets([finding], ["a-pass-word", "a-pass-word-long", "keytalk", ""])

    assert masked.words == "amqp://u:***@host said ***"
    assert masked.mend == "keytalk ***"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (1, "1 second"), (59.9, "59 seconds"), (60, "1 minute"), (7300, "2 hours"), (90_000, "1 day")],
)
def test_time_spans_are_told_by_their_largest_unit(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("env", "services"),
    [
        ({}, ALL),
        ({"KEYTALK_DATABASE_URL": "postgresql://h/"}, ALL),
        ({"KEYTALK_AMQP_URI": "amqp://h", "KEYTALK_SCHEDULING_DATABASE_URL": "postgresql://h/s"}, ("scheduling",)),
        ({"KEYTALK_AMQP_URI": "amqp://h"}, ALL),
        (
            {
                "KEYTALK_AMQP_URI": "amqp://h",
                **{f"KEYTALK_{name}_DATABASE_URL": "postgresql://h/s" for name in ("ENQUIRIES", "SCHEDULING")},
                "KEYTALK_NOTIFICATIONS_DATABASE_URL": "postgresql://h/s",
            },
            ALL,
        ),
    ],
)
def test_the_settings_of_one_container_are_for_its_service_alone(env, services):
    assert examine(env).services == services


def test_every_password_and_key_counts_as_a_secret():
    env = {
        "KEYTALK_AMQP_URI": "amqp://u:one%40@h",
        "KEYTALK_ENQUIRIES_DATABASE_URL": "postgresql://u:two@h/e",
        "KEYTALK_SMTP_URL": "smtp://u:three@h",
        "KEYTALK_IMAP_URL": "imaps://u:four@h",
        "KEYTALK_ALERT_URLS": "json://five@h",
        "KEYTALK_SECRET_KEYS": "six-six-six-six-six",
        "KEYTALK_OPS_TOKEN": "seven-seven-seven",
    }

    secrets = set(examine(env).secrets())

    assert {"one%40", "one@", "two", "three", "four", "json://five@h", "six-six-six-six-six"} <= secrets
    assert "seven-seven-seven" in secrets
