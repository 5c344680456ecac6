"""What keeps the words of a message from going live, and what is only a hint."""

from __future__ import annotations

import pytest

from services.notifications.domain.template_catalogue import CATALOGUE, Audience
from services.notifications.domain.template_lint import Finding
from services.notifications.sending.rendering import Organisation, kept_words
from services.notifications.sending.template_checks import by_place, faults_of, has_errors, look_over

US = Organisation("Key & Compass", "hello@mail.example.org", "01632 960000")
REMINDER = "session_reminder_contact"


def edited(template: str, text: tuple[str, str] = ("", ""), html: tuple[str, str] = ("", "")) -> list[Finding]:
    """Look over the words that come with Keytalk with one thing put for another in each part."""
    kept_text, kept_html = kept_words(template)
    assert text[0] in kept_text
    assert html[0] in kept_html
    return look_over(template, (kept_text.replace(*text), kept_html.replace(*html)), US)


def errors(found: list[Finding]) -> set[str]:
    return {finding.rule for finding in found if finding.level == "error"}


def with_words(words: str) -> list[Finding]:
    """Look over a reminder into which some words were put, in both parts."""
    at = "This is a reminder"
    return edited(REMINDER, (at, f"{words}\n{at}"), (f"<p>{at}", f"<p>{words}</p>\n<p>{at}"))


@pytest.mark.parametrize("template", CATALOGUE)
def test_the_words_that_come_with_keytalk_pass_without_a_finding(template: str) -> None:
    assert look_over(template, kept_words(template), US) == []


@pytest.mark.parametrize("template", CATALOGUE)
def test_every_template_says_what_it_is_for_and_explains_its_placeholders(template: str) -> None:
    entry = CATALOGUE[template]
    assert entry.purpose.endswith(".")
    assert all(each.what.endswith((".", "}.")) for each in entry.placeholders)
    assert template.endswith("_ops") == (entry.audience is Audience.OPS)


def test_a_date_or_a_link_that_people_need_cannot_be_lost() -> None:
    found = edited("proposal_sent", ("{{ link }}", ""), ('href="{{ link }}"', 'href="https://keytalk.example"'))
    assert (
        Finding(
            "error",
            "missing placeholder",
            "text",
            "{{ link }} is not in it. People need it: the address of the proposal's own page.",
        )
        in found
    )
    assert [each.where for each in found if each.rule == "missing placeholder"] == ["text", "html"]


def test_a_reference_only_in_the_subject_is_not_enough() -> None:
    found = edited(REMINDER, ("Please mention {{ enquiry }}, so", "So"), ("Please mention {{ enquiry }}, so", "So"))
    assert errors(found) == {"missing placeholder"}


def test_what_one_part_says_the_other_says_too() -> None:
    assert errors(edited(REMINDER, ("of {{ of }}", ""), ("", ""))) == {"same both ways"}
    assert errors(edited("enquiry_received", ("within 2 working", "within 3 working"))) == {"same both ways"}
    found = edited("enquiry_received", html=("within 2 working", "within some working"))
    assert [(each.where, each.words) for each in found] == [("html", "'2' is missing here: the other part has it.")]


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("For {{ name | plain }}", "{{ name }} would tell"),
        ("At {{ establishment | plain }}", "{{ establishment }} would tell"),
        ("{{ programme }}", "{{ programme }} would tell"),
        ("Your trauma session", "'trauma' tells"),
        ("News from the prison", "'prison' tells"),
        ("HMP session", "'HMP' tells"),
        ("Your vetting", "'vetting' tells"),
        ("", "is empty"),
        ("One\nTwo", "is one line"),
        ("A session " * 9, "characters; many readers see 78"),
    ],
)
def test_a_subject_gives_nothing_away_in_a_shared_inbox(subject: str, why: str) -> None:
    kept, _ = kept_words(REMINDER)
    line = next(line for line in kept.splitlines() if "block subject" in line)
    found = edited(REMINDER, (line, f"{{% block subject %}}{subject}{{% endblock %}}"))
    assert any(why in each.words for each in found if each.rule == "subject" and each.level == "error"), found


@pytest.mark.parametrize(
    "words",
    [
        "The offender",
        "Inmates",
        "our residents",
        "You were a no-show.",
        "a no show",
        "You failed to answer.",
        "Your failure",
        "We are chasing you.",
        "This is urgent.",
        "Please reply immediately.",
        "Act now",
        "Last chance",
        "This is a final notice.",
        "It is your fault.",
        "You forgot to write.",
        "because of you",
        "There may be consequences.",
    ],
)
def test_words_that_hurt_blame_or_press_keep_a_message_back(words: str) -> None:
    assert errors(with_words(words)) == {"banned word"}


def test_words_in_a_branch_that_no_sample_takes_are_looked_at_as_well() -> None:
    assert errors(with_words("{% if of == 99 %}You failed.{% endif %}")) == {"banned word"}
    assert errors(with_words("{{ 'You failed.' if of == 99 else 'Well.' }}")) == {"banned word"}


@pytest.mark.parametrize("words", ["PLEASE READ THIS", "IMPORTANT", "Please read this!!", "Really?!"])
def test_nothing_shouts(words: str) -> None:
    assert errors(with_words(words)) == {"capitals"}


def test_an_abbreviation_and_a_command_are_no_shouting() -> None:
    assert errors(with_words("HMP, PDF and HMPPS are known.")) == set()
    assert "RELEASE REFERENCE" not in str(look_over("quarantine_digest_ops", kept_words("quarantine_digest_ops"), US))


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="https://x.example/pixel.gif" alt="">',
        "<script>alert(1)</script>",
        '<link rel="stylesheet" href="https://x.example">',
        "<style>p { color: red }</style>",
        "<form><p>x</p></form>",
        '<iframe src="https://x.example"></iframe>',
        '<p style="background:url(https://x.example/p.gif)">x</p>',
        '<p onclick="x()">x</p>',
        '<table background="https://x.example/p.gif"></table>',
        "<svg></svg>",
        "<input>",
        '<a href="https://x.example/?utm_source=mail">x</a>',
        '<a href="https://x.example/?a=1&amp;mc_eid=5">x</a>',
        '<a href="https://x.example/?who={{ enquiry }}">x</a>',
        '<a href="https://x.example/{{ enquiry }}">x</a>',
        "{% if of == 99 %}<img src='https://x.example/pixel.gif'>{% endif %}",
    ],
)
def test_nothing_in_a_page_is_fetched_or_tells_who_read_it(markup: str) -> None:
    found = edited(REMINDER, html=("<p>This is", f"{markup}\n<p>This is"))
    assert "no tracking" in errors(found), found


@pytest.mark.parametrize(
    "markup",
    [
        "<p>x",
        "</p>",
        "<p><strong>x</p></strong>",
        "{% if of == 99 %}<p>x{% endif %}",
        "<!-- x -->",
        "<!--[if mso]>x<![endif]-->",
        '<p class="x">x</p>',
        '<p style="display:none">x</p>',
        '<p style="font-size:16px;position:absolute">x</p>',
        '<p style="color:{{ of }}">x</p>',
        "<{{ of }}>",
        "<a href={{ programme }}>x</a>",
    ],
)
def test_a_page_is_whole_and_hides_nothing(markup: str) -> None:
    assert "markup" in errors(edited(REMINDER, html=("<p>This is", f"{markup}\n<p>This is")))


@pytest.mark.parametrize(
    "address", ["http://x.example", "javascript:alert(1)", "data:text/html,x", "{{ programme }}", ""]
)
def test_a_link_leads_somewhere_safe(address: str) -> None:
    found = edited(REMINDER, html=("<p>This is", f'<p><a href="{address}">x</a></p>\n<p>This is'))
    assert "links" in errors(found), found


def test_a_link_to_a_page_of_ours_is_well_and_a_tracked_one_in_the_text_is_not() -> None:
    at = "This is a reminder"
    ours = edited(
        REMINDER,
        (at, f"https://keytalk.example/about\n{at}"),
        (f"<p>{at}", f'<p><a href="https://keytalk.example/about">About us</a></p><p>{at}'),
    )
    assert ours == []
    assert "no tracking" in errors(edited(REMINDER, (at, f"https://x.example/?gclid=1\n{at}")))


def test_what_somebody_typed_is_kept_from_becoming_a_link() -> None:
    found = with_words("{{ establishment }}")
    assert errors(found) == {"words of a stranger"}
    assert errors(with_words("{{ 'x' if of == 1 else establishment | default('x') }}")) == {"words of a stranger"}
    assert errors(with_words("{{ establishment | plain('as agreed') }}")) == set()


def test_a_message_says_what_happens_next_and_what_to_mention() -> None:
    assert errors(edited(REMINDER, ("What happens next", "Anyway"))) == {"next steps"}
    assert errors(edited(REMINDER, html=('heading("What happens next")', 'heading("Anyway")'))) == {"next steps"}
    for words in kept_words(REMINDER):
        assert "{% block quote %}" in words
    bare = tuple(
        words.replace("Please mention {{ enquiry }}, so that we find your sessions.", "{{ enquiry }}")
        for words in kept_words(REMINDER)
    )
    assert errors(look_over(REMINDER, (bare[0], bare[1]), US)) == {"whom to ask"}


def test_what_is_not_always_known_needs_a_condition() -> None:
    found = edited(
        "enquiry_received",
        ("What happens next", "For {{ group_size }}\n\nWhat happens next"),
        ('{{ heading("What', '<p>For {{ group_size }}</p>{{ heading("What'),
    )
    assert errors(found) == {"not always known"}


def test_words_that_do_not_come_out_on_a_sample_or_on_real_facts_are_kept_back() -> None:
    assert "written on samples" in errors(with_words("{{ programme | date_words }}"))
    real = [{**next(CATALOGUE[REMINDER].samples()), "session": {"number": 1}}]
    found = look_over(REMINDER, kept_words(REMINDER), US, real)
    assert errors(found) == {"written on real messages"}
    assert has_errors(found)
    assert by_place(found)["both"][0].startswith("With the facts of a message of the last days")


def test_a_prison_number_has_no_place_in_a_mail() -> None:
    assert errors(with_words("About A1234BC.")) == {"personal data"}
    assert errors(with_words("About a 1234 bc.")) == {"personal data"}


@pytest.mark.parametrize("character", ["\u202e", "\u200b", "\ufeff", "\x1b", "\x00"])
def test_nothing_in_it_is_unseen(character: str) -> None:
    assert "unseen characters" in errors(with_words(f"exe{character}piz"))


def test_hints_keep_nothing_back() -> None:
    long = "We would be glad to hear from you " + "and from somebody else " * 12 + "soon."
    for words, rule in (
        ("Prisoners like it.", "kinder words"),
        ("You must come.", "kinder words"),
        ("Welcome!", "capitals"),
        (long, "reading level"),
        (long, "long lines"),
        ("Notwithstanding organisational considerations, establishments participate. " * 6, "reading level"),
    ):
        found = with_words(words)
        assert rule in {each.rule for each in found}, words
        assert not has_errors(found), found


def test_words_that_cannot_be_read_are_named_part_by_part() -> None:
    found = faults_of(REMINDER, ("{{ x", "words"))
    assert [(each.rule, each.where) for each in found][:2] == [("language", "text"), ("language", "html")]
    assert look_over(REMINDER, ("{{ x", "words"), US) == found
