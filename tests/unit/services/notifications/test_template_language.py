"""The words that ops write can do what they need and nothing else: what is hostile is refused, and named."""

from __future__ import annotations

from typing import Any

import pytest

from services.notifications.domain.template_catalogue import CATALOGUE
from services.notifications.domain.template_language import FILTERS, LONGEST_SOURCE, Part, WordsNotUnderstood
from services.notifications.sending import rendering, wording
from services.notifications.sending.rendering import MessageNotRendered, Organisation, Rendered, kept_words, render
from services.notifications.sending.template_reading import read_words

US = Organisation("Key & Compass", "hello@mail.example.org")
CHANGED = CATALOGUE["run_changed_contact"]
FACTS = next(CHANGED.samples())
PAGE = '{% extends "layout.html" %}{% block body %}<p>Hello</p>{% endblock %}{% block quote %}x{% endblock %}'


def text(body: str, before: str = "", subject: str = "A change") -> str:
    return (
        f'{{% extends "layout.txt" %}}\n{before}\n{{% block subject %}}{subject}{{% endblock %}}\n'
        f"{{% block body %}}\n{body}\n{{% endblock %}}\n{{% block quote %}}x{{% endblock %}}\n"
    )


def faults(source: str, part: Part = Part.TEXT) -> str:
    with pytest.raises(WordsNotUnderstood) as refusal:
        read_words(CHANGED, part, source)
    return str(refusal.value)


def written(body: str, before: str = "", **more: Any) -> Rendered:
    return render(CHANGED.name, {**FACTS, **more}, US, (text(body, before), PAGE))


@pytest.mark.parametrize("template", CATALOGUE)
def test_the_words_that_come_with_keytalk_are_of_the_language_so_an_edit_can_start_from_them(template: str) -> None:
    entry = CATALOGUE[template]
    for facts in entry.samples():
        assert render(template, facts, US, kept_words(template)) == render(template, facts, US)


@pytest.mark.parametrize("body", ["{{ programme", "{{ programme }", "{% if new %}x", "{% fi new %}x{% endif %}"])
def test_what_is_no_sentence_of_the_language_is_told_in_our_own_words(body: str) -> None:
    said = faults(text(body))
    assert "each {{ ends with }} and each {% with %}" in said
    assert not any(word in said.casefold() for word in ("jinja", "unexpected", "encountered", "tag"))


@pytest.mark.parametrize(
    "body",
    [
        "{% for x in range(1000000000) %}x{% endfor %}",
        "{% for a in new recursive %}{{ loop(new) }}{% endfor %}",
        "{% for a in new if a %}x{% endfor %}",
        "{% for a, b in new %}x{% endfor %}",
        "{% for a in new %}{% for b in new %}{% for c in new %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% for c in programme %}{{ c }}{% endfor %}",
        "{% for new in moved %}x{% endfor %}",
        "{% for self in new %}{{ self }}{% endfor %}",
        "{% for _x in new %}x{% endfor %}",
        "{% set x = 1 %}",
        "{% set x %}x{% endset %}",
        "{% macro x() %}{{ x() }}{% endmacro %}",
        "{% call x() %}x{% endcall %}",
        "{% filter plain %}x{% endfilter %}",
        "{% with x = 1 %}x{% endwith %}",
        "{% autoescape false %}x{% endautoescape %}",
        "{% block more %}x{% endblock %}",
        "{% include 'layout.txt' %}",
        "{% include '/etc/passwd' %}",
        "{% import 'parts.txt' as parts %}",
        "{% from 'layout.txt' import dates %}",
        "{% from 'parts.txt' import dates as x %}",
        "{{ 'x' * 1000000000 }}",
        "{{ 9 ** 9 }}",
        "{{ 1 + 1 }}",
        "{{ programme ~ programme }}",
        "{{ -1 }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ programme | center(999999999) }}",
        "{{ programme | replace('a', 'aaaa') }}",
        "{{ programme | safe }}",
        "{{ new | map(attribute='__class__') }}",
        "{{ new | plain | attr('__class__') }}",
        "{{ programme | default(enquiry) }}",
        "{{ programme | plain(fallback='x') }}",
        "{{ programme | plain(*new) }}",
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ programme.__class__ }}",
        "{{ programme['__class__'] }}",
        "{{ programme.upper() }}",
        "{{ programme.upper }}",
        "{{ programme[0:1] }}",
        "{{ programme[enquiry] }}",
        "{{ organisation.__init__.__globals__ }}",
        "{{ new.append(1) }}",
        "{{ self }}",
        "{{ self.body() }}",
        "{{ super() }}",
        "{{ lipsum() }}",
        "{{ cycler('a') }}",
        "{{ namespace(x=1) }}",
        "{{ config }}",
        "{{ environment }}",
        "{{ _rounds }}",
        "{{ loop.index }}",
        "{{ nonsense }}",
        "{% for session in new %}{{ session.nonsense }}{% endfor %}",
        "{% for session in new %}{{ loop.cycle('a', 'b') }}{% endfor %}",
        "{% for session in new %}{{ loop.previtem }}{% endfor %}",
        "{% if new is iterable %}x{% endif %}",
        "{% if new is sameas(new) %}x{% endif %}",
        "{% if programme in [enquiry] %}x{% endif %}",
        "{{ {'a': 1} }}",
        "{{ 99999999999999 }}",
        "{{ 1.5 }}",
        "{{ dates(new) }}",
        "{% if",
        "{{ ( }}",
        "{% endfor %}",
        "{{ " + "(" * 4000 + "1" + ")" * 4000 + " }}",
        "{% if kind %}" * 900 + "{% endif %}" * 900,
        "{{ not " * 20 + "kind" + " }}" * 20,
        "{{ " + "not " * 30 + "kind }}",
        "x" * LONGEST_SOURCE,
    ],
    ids=lambda body: body[:40],
)
def test_what_could_do_harm_or_is_not_known_is_refused_with_the_line(body: str) -> None:
    assert faults(text(body)).startswith("Line ")
    with pytest.raises(MessageNotRendered, match="Line "):
        written(body)


@pytest.mark.parametrize(
    ("before", "body"),
    [
        ('{% from "parts.txt" import heading %}', "x"),
        ('{% from "parts.txt" import dates with context %}', "x"),
        ('{% from "parts.txt" import dates %}', "{{ dates() }}"),
        ('{% from "parts.txt" import dates %}', "{{ dates(new, new) }}"),
        ('{% from "parts.txt" import dates %}', "{{ dates(sessions=new) }}"),
        ('{% from "parts.txt" import dates %}', "{{ dates(dates) }}"),
        ('{% from "parts.txt" import dates %}', "{% for dates in new %}{{ dates(new) }}{% endfor %}"),
        (
            '{% from "parts.txt" import dates %}',
            "{% for a in new %}{% for b in new %}{{ dates(new) }}{% endfor %}{% endfor %}",
        ),
        ("{% if new %}x{% endif %}", "x"),
        ("Some words", "x"),
        ("{{ programme }}", "x"),
        ("{% set x = 1 %}", "x"),
        ("{% block body %}twice{% endblock %}", "x"),
        ("{% block title %}x{% endblock %}", "x"),
    ],
)
def test_the_page_around_the_words_is_as_it_is(before: str, body: str) -> None:
    assert faults(text(body, before)).startswith("Line ")


@pytest.mark.parametrize(
    "source",
    [
        "",
        "Just words",
        text("x").replace("layout.txt", "layout.html"),
        text("x").replace('"layout.txt"', "kind"),
        text("x").replace("{% block quote %}x{% endblock %}", ""),
        text("x").replace("block body", "block body scoped"),
    ],
)
def test_words_that_leave_the_shared_page_are_refused(source: str) -> None:
    assert "Line 1: " in faults(source) or "Line 4: " in faults(source)


def test_every_fault_is_named_at_once_with_its_line() -> None:
    names = "cancelled, enquiry, establishment, kind, moved, name, new, organisation, programme, regrouped"
    assert faults(text("{{ nonsense }}\n\n{{ 1 + 1 }}")) == (
        f"Line 5: There is no placeholder 'nonsense' here. There are: {names}. "
        "Line 7: This (add) cannot be used here. Write words, facts, {% if %} and {% for %}."
    )


@pytest.mark.parametrize("body", ["{{ programme.__class__ }}", "{{ programme['__class__'] }}", "{{ new[0] }}"])
def test_only_named_parts_of_facts_can_be_asked_for(body: str) -> None:
    assert "Ask for a part of a fact by its name" in faults(text(body))


def test_what_an_editor_needs_is_there() -> None:
    told = written(
        "{% if cancelled and not (kind == 'reverse' or kind in ['swap', 'close']) %}\n"
        "{{ dates(cancelled) }}"
        "{% elif new is defined %}no{% else %}no{% endif %}\n"
        "{% for session in new %}{{ loop.index }} {{ session.date | date_words }}{% if not loop.last %},{% endif %}"
        "{% else %}none{% endfor %}\n\n"
        "{{ establishment | plain('as agreed') }} {{ 'one' if new | length == 1 else 'many' }}\n",
        '{% from "parts.txt" import dates, times %}',
    )
    assert " 5. Tuesday 9 February 2027, 1.45pm to 4.45pm\n" in told.text
    assert "1 Tuesday 2 February 2027\n" in told.text
    assert "Risley (HMP) one\n" in told.text


def test_facts_in_an_edited_page_are_escaped() -> None:
    page = PAGE.replace("Hello", "{{ programme }}")
    told = render(CHANGED.name, {**FACTS, "programme": "<script>x</script>"}, US, (text("x"), page))
    assert "&lt;script&gt;" in told.html
    assert "<script>" not in told.html


def test_a_subject_stays_one_line_whatever_is_in_it() -> None:
    words = text("x", subject="{{ 'A\\rBcc: eve@x.example' }} {{ enquiry }}")
    told = render(CHANGED.name, {**FACTS, "enquiry": "KT\u2028\x0bmore"}, US, (words, PAGE))
    assert told.subject == "A Bcc: eve@x.example KT more"


def test_loops_over_more_than_there_ever_is_are_left_off() -> None:
    many = FACTS["new"] * 200
    with pytest.raises(MessageNotRendered, match="go round more than 10000 times"):
        written("{% for a in new %}{% for b in new %}{% endfor %}{% endfor %}", new=many)


def test_the_rounds_of_shared_parts_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "MOST_ROUNDS", 20)
    with pytest.raises(MessageNotRendered, match="its loops go round more than 20 times"):
        written("{{ dates(new) }}", '{% from "parts.txt" import dates %}', new=FACTS["new"] * 21)


def test_a_message_that_grows_without_end_is_left_off() -> None:
    with pytest.raises(MessageNotRendered, match="comes to more than 200000 characters"):
        written("{% for a in new %}" + "x" * 9_000 + "{% endfor %}", new=FACTS["new"] * 9_000)


def test_a_fact_of_another_kind_than_the_words_expect_is_a_lack_and_not_quoted() -> None:
    for programme in (7, None, ["Sam"], {"a": 1}):
        with pytest.raises(MessageNotRendered) as refusal:
            written("{{ programme | date_words }}", programme=programme)
        assert "Sam" not in str(refusal.value)


def test_every_way_to_write_a_fact_that_is_named_is_there() -> None:
    assert set(FILTERS) <= set(rendering._EDITED.filters)
    assert set(wording.FILTERS) <= set(FILTERS)


def test_a_template_can_reach_no_function_of_the_engine() -> None:
    assert rendering._EDITED.globals == rendering._OURS.globals == {}
