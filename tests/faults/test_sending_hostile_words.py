"""Words that ops wrote and that loop for ever, or read what they should not: they never go live, and never go out."""

from __future__ import annotations

import pytest

from services.notifications.handlers.templates import draft_template
from services.notifications.tables import template_versions
from shared.errors import Refused
from shared.persistence.work import new_id
from tests.faults.desk import Desk, reminders

TEMPLATE = "session_reminder_facilitator"
_END = "{% block quote %}Please mention it.{% endblock %}"
PAGE = '{% extends "layout.html" %}{% block body %}<p>Soon.</p>{% endblock %}' + _END


def around(words: str) -> str:
    """A whole text with these words in it: whatever is wrong with it is wrong with them."""
    page = '{% extends "layout.txt" %}{% block subject %}Soon{% endblock %}{% block body %}'
    return f"{page}{words}{{% endblock %}}{_END}"


HARMLESS = "See you soon at {{ establishment | plain }}."
HOSTILE = [
    pytest.param("{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}", id="loops-long"),
    pytest.param("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", id="calls-itself"),
    pytest.param("{% for a in session recursive %}{{ loop(session) }}{% endfor %}", id="loops-for-ever"),
    pytest.param("{{ 'x' * 999999999 }}", id="grows"),
    pytest.param("{{ 9 ** 9 ** 9 ** 9 }}", id="counts-for-ever"),
    pytest.param("{{ '%9999999999d' | format(1) }}", id="pads"),
    pytest.param("{{ ().__class__.__base__.__subclasses__() }}", id="reads-the-interpreter"),
    pytest.param("{{ organisation.__init__.__globals__ }}", id="reads-the-module"),
    pytest.param("{{ session|attr('__class__') }}", id="reads-by-a-filter"),
    pytest.param("{{ self._TemplateReference__context }}", id="reads-the-context"),
    pytest.param("{% include 'enquiry_received.txt' %}", id="includes"),
    pytest.param("{% import '../../etc/passwd' as p %}", id="reads-a-file"),
    pytest.param("{{ words }}{{ link }}", id="reads-another-message"),
    pytest.param("{% set organisation = 1 %}", id="writes"),
]


@pytest.fixture
def desk(tmp_path, mail_server):
    with Desk(f"sqlite:///{tmp_path}/ledger.sqlite3", mail_server.url) as desk:
        yield desk


def go_live(desk: Desk, words: str) -> None:
    """Put words where the live ones are, past every check."""
    live = {"version": 1, "state": "live", "text": around(words), "html": PAGE}
    with desk.store.work() as work:
        about = {"id": new_id(), "template": TEMPLATE, "made_at": work.now, "made_by": "somebody"}
        work.connection.execute(template_versions.insert().values(**about, **live))


def test_harmless_words_in_the_same_place_are_kept_and_go_out(desk, mail_server):
    with desk.store.work() as work:
        assert draft_template(work, "session_reminder_contact", (around(HARMLESS), PAGE), "somebody") == 1
    go_live(desk, HARMLESS)
    desk.enter(reminders(1))

    desk.sender().send_due()

    assert {message.template_version for message in desk.ledger} == {1}
    assert [str(message["Subject"]) for message in mail_server.messages] == ["Soon"]


@pytest.mark.parametrize("words", HOSTILE)
def test_such_words_are_refused_and_were_they_live_those_that_come_with_keytalk_would_go_out(desk, mail_server, words):
    with desk.store.work() as work, pytest.raises(Refused) as refused:
        draft_template(work, TEMPLATE, (around(words), PAGE), "somebody")
    assert refused.value.code == "invalid"
    assert "text" in refused.value.fields
    go_live(desk, words)
    desk.enter(reminders(2))

    desk.sender().send_due()

    assert desk.states == {"accepted": 2}
    assert {message.template_version for message in desk.ledger} == {None}
    assert all(str(message["Subject"]).startswith("Session 3 of 16") for message in mail_server.messages)
