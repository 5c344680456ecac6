"""Of a reply the person's own words are kept, all of them where it is not clear which they are."""

from __future__ import annotations

import pytest

from services.notifications.channels.verp import message_of
from services.notifications.domain.answers import read
from services.notifications.domain.reply_words import MOST, Said, html_to_text, note_of, own_words, words_of
from tests.unit.services.notifications.answer_samples import OURS, mail

QUOTED = "> Dear Hana,\n> which day suits you?\n"
OUTLOOK = (
    "From: Key & Compass <o@x.example>\nSent: 20 November 2026 10:00\nTo: Hana\nSubject: KT-7F3K-92\n\nDear Hana,\n"
)

ALONE = {
    "gmail": f"Thursdays.\n\nOn Fri, 20 Nov 2026 at 10:00, Key & Compass <ops@mail.example.org> wrote:\n\n{QUOTED}",
    "gmail in two lines": f"Thursdays.\n\nOn Fri, 20 Nov 2026 at 10:00, Key\n<o@x.example> wrote:\n\n{QUOTED}",
    "apple": f"Thursdays.\n\n> On 20 Nov 2026, at 10:00, Key & Compass <ops@mail.example.org> wrote:\n>\n{QUOTED}",
    "outlook": f"Thursdays.\n\n{OUTLOOK}",
    "outlook with a rule": f"Thursdays.\n\n________________________________\n{OUTLOOK}",
    "outlook of old": f"Thursdays.\n\n-----Original Message-----\n{OUTLOOK}",
    "outlook in Welsh": "Thursdays.\n\nOddi wrth: Key\nAnfonwyd: 20 Tachwedd\nAt: Hana\nPwnc: KT\n\nAnnwyl Hana",
    "Welsh": f"Thursdays.\n\nAr Gwe, 20 Tach 2026 am 10:00, Key & Compass <ops@x.example> ysgrifennodd:\n\n{QUOTED}",
    "a signature": "Thursdays.\n-- \nHana Rees\nHead of reducing reoffending",
    "no quote": "Thursdays.",
    "only a quote at its end": f"Thursdays.\n\n{QUOTED}",
}


@pytest.mark.parametrize("name", ALONE)
def test_what_was_answered_is_left_out(name):
    assert own_words(ALONE[name]) == "Thursdays."


@pytest.mark.parametrize(
    "text",
    [
        "> Which day suits you?\nThursdays.\n> And how many?\nTen.",
        "On Fri, Key & Compass <ops@mail.example.org> wrote:\n> Which day suits you?\n\nThursdays.",
        "See below.\n\nOn Fri, 20 Nov 2026, Key <o@x.example> wrote:\n> Which day?\nThursdays.\n> How many?\nTen.",
        "On Thursdays we have the room.\n\nFrom: 13:45 it is ours.",
        "--\nHana",
    ],
    ids=["between the lines", "below", "above and between", "words that begin like a quote", "only a signature"],
)
def test_all_is_kept_where_it_is_not_clear_what_is_quoted(text):
    assert own_words(text) == text.strip()


def test_a_page_is_read_as_text_and_its_quote_is_left_out():
    page = """<html><head><style>p {color: red}</style><title>x</title></head><body>
      <!-- hidden --><div>Yes &amp; thank you.<br>Siân</div><script>alert(1)</script>
      <div class="gmail_quote"><div>On Fri, 20 Nov 2026 at 10:00, Key &lt;<a href="mailto:o@x.example">o@x</a>&gt;
      wrote:<br></div><blockquote><p>Dear Siân,</p><div>which day suits you?</div></blockquote></div></body></html>"""

    assert own_words(html_to_text(page)) == "Yes & thank you.\nSiân"


def said(raw: str) -> Said:
    return read(mail(raw), token_in=message_of, ours=OURS).said


HEAD = "From: hana@risley.example\nTo: ops@mail.example.org\nSubject: KT-7F3K-92\nMIME-Version: 1.0\n"


def test_plain_words_come_before_the_page_that_says_the_same():
    raw = f"""{HEAD}Content-Type: multipart/alternative; boundary="a"

--a
Content-Type: text/html

<p>As a page.</p>
--a
Content-Type: text/plain

As text.
--a--
"""

    assert said(raw).words == "As text."


def test_a_mail_that_is_only_a_page_is_read():
    assert said(f"{HEAD}Content-Type: text/html; charset=utf-8\n\n<p>As a <b>page</b>.</p>").words == "As a page."


def test_files_are_named_and_not_read():
    raw = f"""{HEAD}Content-Type: multipart/mixed; boundary="a"

--a
Content-Type: text/plain

Here it is.
--a
Content-Type: text/plain; name="names.txt"
Content-Disposition: attachment; filename="names.txt"

Not to be kept
--a
Content-Type: application/pdf; name="=?utf-8?q?cynllun_Si=C3=A2n.pdf?="
Content-Disposition: attachment
Content-Transfer-Encoding: base64

JVBERi0=
--a
Content-Type: message/rfc822

Subject: Something else

Not to be kept either
--a
Content-Type: text/plain

And one word more.
--a--
"""

    answer = said(raw)

    assert answer.words == "Here it is.\n\nAnd one word more."
    assert answer.attachments[0] == "names.txt"
    assert answer.attachments[2:] == ("a forwarded message",)
    assert "Not to be kept" not in words_of(answer, "KT-7F3K-92")


def test_what_is_filed_names_the_files_and_who_wrote():
    words = words_of(Said("Here it is.", ("plan.pdf", "rooms.docx")), "RE: x", "(Written by hub@risley.example.)")

    assert (
        words
        == "Here it is.\n\n(Written by hub@risley.example.)\n\n(Attached to it, in the mailbox: plan.pdf, rooms.docx)"
    )


def test_a_reply_without_words_is_filed_by_its_subject():
    assert words_of(Said("", ()), "Yes please") == "(There are no words in it. Its subject is: Yes please)"


def test_what_is_too_long_is_cut_and_says_so():
    words = words_of(Said("a" * 30_000, ("b" * 100,) * 20), "x")

    assert len(words) == MOST
    assert "There is more: the whole is in the mailbox." in words


def test_a_note_of_an_automatic_answer_is_one_short_line():
    assert (
        note_of(Said("On leave.\n\nBack on Monday.", ()), "x")
        == "An automatic answer came by mail: On leave. Back on Monday."
    )
    assert len(note_of(Said("a " * 5_000, ()), "x")) < 560
