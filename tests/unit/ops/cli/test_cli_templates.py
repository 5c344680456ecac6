"""What `keytalk templates` asks of the gateway, what it prints, and the files it writes and reads."""

import json

VERSIONS = [
    {
        "version": 1,
        "state": "live",
        "made_by": "priya",
        "made_at": "2026-12-04T10:00:00+00:00",
        "published_at": "2026-12-04T11:00:00+00:00",
        "published_by": "priya",
        "reason": "Kinder.",
    },
    {
        "version": 2,
        "state": "draft",
        "made_by": "sam",
        "made_at": "2026-12-05T10:00:00+00:00",
        "published_at": None,
        "published_by": None,
        "reason": None,
    },
]
TEMPLATE = {
    "template": "proposal_sent",
    "audience": "contact",
    "purpose": "Gives the link to a proposal.",
    "placeholders": [
        {
            "name": "link",
            "what": "The address of the proposal's own page.",
            "sample": "https://keytalk.example",
            "needed": True,
            "in_subject": False,
            "may_lack": False,
        }
    ],
    "ways": [{"name": "date_words", "what": "A date in words."}],
    "parts": {"text": ["dates"], "html": ["heading", "dates"]},
    "live": 1,
    "versions": VERSIONS,
    "version": 1,
    "text": "The text, with a dash – here\n",
    "html": "<p>The page</p>\n",
}
SHOWN = {
    "template": "proposal_sent",
    "version": 2,
    "subject": "Our proposal",
    "text": "Hello Jo,\n",
    "html": "<p>Hello Jo,</p>\n",
    "message": None,
    "note": "There is no such message yet: these are made-up facts.",
}
FIT = {"template": "proposal_sent", "version": 2, "fit": True, "findings": []}
UNFIT = {
    **FIT,
    "fit": False,
    "findings": [{"level": "error", "rule": "banned word", "where": "text", "words": "'Last chance' hurts."}],
}
WHY = ("--reason", "Kinder.")


def test_the_list_says_which_words_are_sent(keytalk, gateway):
    rows = [{"template": "proposal_sent", "audience": "contact", "purpose": "Gives the link.", "draft": 2, "live": 0}]
    gateway.will_answer("notifications.list_templates", rows)
    assert "as it comes" in keytalk("templates", "list").stdout
    assert json.loads(keytalk("templates", "list", "--json").stdout) == rows


def test_a_template_is_shown_with_what_may_be_written_in_it_and_who_wrote_what(keytalk, gateway):
    gateway.will_answer("notifications.get_template", TEMPLATE)
    said = keytalk("templates", "show", "proposal_sent", "--version", "1").stdout
    for part in ("The address of the proposal's own page.", "version 1", "priya", "Kinder.", "with a dash – here"):
        assert part in said
    assert "A date in words." in said
    assert "Shared parts of the page: heading, dates" in said
    assert gateway.asked == [("notifications.get_template", {"template": "proposal_sent", "version": 1})]


def test_what_is_exported_is_edited_and_kept_as_a_draft(keytalk, gateway, tmp_path):
    gateway.will_answer("notifications.get_template", TEMPLATE)
    gateway.will_answer("notifications.draft_template", {**TEMPLATE, "version": 2})
    gateway.will_answer("notifications.lint_template", FIT)

    assert keytalk("templates", "export", "proposal_sent", "--to", str(tmp_path)).exit_code == 0
    text, html = tmp_path / "proposal_sent.txt", tmp_path / "proposal_sent.html"
    edited = keytalk("templates", "edit", "proposal_sent", "--text", str(text), "--html", str(html))

    assert "Kept as version 2, a draft." in edited.stdout
    assert "It is fit to be sent." in edited.stdout
    words = {"template": "proposal_sent", "text": TEMPLATE["text"], "html": TEMPLATE["html"]}
    assert ("notifications.draft_template", words) in gateway.asked
    assert gateway.asked[-1] == ("notifications.lint_template", {"template": "proposal_sent", "version": 2})


def test_an_export_writes_over_nothing_unless_it_is_told_to(keytalk, gateway, tmp_path):
    gateway.will_answer("notifications.get_template", TEMPLATE)
    mine = tmp_path / "proposal_sent.html"
    mine.write_text("mine")

    refused = keytalk("templates", "export", "proposal_sent", "--to", str(tmp_path))

    assert refused.exit_code == 1
    assert (mine.read_text(), (tmp_path / "proposal_sent.txt").exists()) == ("mine", False)
    assert keytalk("templates", "export", "proposal_sent", "--to", str(tmp_path), "--force").exit_code == 0
    assert mine.read_text() == TEMPLATE["html"]


def test_an_export_names_every_file_that_is_there_already(keytalk, gateway, tmp_path):
    gateway.will_answer("notifications.get_template", TEMPLATE)
    keytalk("templates", "export", "proposal_sent", "--to", str(tmp_path))
    said = keytalk("templates", "export", "proposal_sent", "--to", str(tmp_path)).stderr
    assert "proposal_sent.txt and " in said
    assert "proposal_sent.html are there already." in said


def test_an_export_makes_the_folder_it_writes_to(keytalk, gateway, tmp_path):
    gateway.will_answer("notifications.get_template", TEMPLATE)
    folder = tmp_path / "words" / "of-ours"
    assert keytalk("templates", "export", "proposal_sent", "--to", str(folder)).exit_code == 0
    assert (folder / "proposal_sent.txt").exists()


def test_a_mark_at_the_beginning_of_a_file_is_no_part_of_the_words(keytalk, gateway, tmp_path):
    gateway.will_answer("notifications.lint_template", FIT)
    file = tmp_path / "words.txt"
    file.write_text("words", encoding="utf-8-sig")
    keytalk("templates", "lint", "proposal_sent", "--text", str(file), "--html", str(file))
    assert (gateway.asked[-1][1]["text"], gateway.asked[-1][1]["html"]) == ("words", "words")


def test_a_name_never_leads_out_of_the_folder(keytalk, gateway, tmp_path):
    gateway.will_answer("notifications.get_template", {**TEMPLATE, "template": "../../proposal_sent"})
    (tmp_path / "in").mkdir()
    keytalk("templates", "export", "proposal_sent", "--to", str(tmp_path / "in"))
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["proposal_sent.html", "proposal_sent.txt"]


def test_a_file_that_cannot_be_read_is_named(keytalk, gateway, tmp_path):
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe")
    for text, why in (("nowhere.txt", "cannot be read"), ("odd.txt", "is not text in UTF-8")):
        file = str(tmp_path / text)
        said = keytalk("templates", "edit", "proposal_sent", "--text", file, "--html", file)
        assert said.exit_code == 1
        assert why in said.stderr
    assert gateway.asked == []


def test_the_lint_ends_with_one_where_something_has_to_be_mended(keytalk, gateway, tmp_path):
    gateway.will_answer("notifications.lint_template", FIT, UNFIT)
    file = tmp_path / "words"
    file.write_text("words")

    assert keytalk("templates", "lint", "proposal_sent").exit_code == 0
    unfit = keytalk("templates", "lint", "proposal_sent", "--text", str(file), "--html", str(file))

    assert unfit.exit_code == 1
    assert "'Last chance' hurts." in unfit.stdout
    assert gateway.asked[-1][1] == {"template": "proposal_sent", "version": None, "text": "words", "html": "words"}
    assert keytalk("templates", "lint", "proposal_sent", "--text", str(file)).exit_code == 2


def test_a_preview_is_printed_or_written_to_files(keytalk, gateway, tmp_path):
    gateway.will_answer("notifications.preview_template", SHOWN)
    gateway.will_answer("notifications.get_template", TEMPLATE)

    printed = keytalk("templates", "preview", "proposal_sent", "--version", "2")
    written = keytalk("templates", "preview", "proposal_sent", "--to", str(tmp_path))

    assert printed.stdout == "Subject: Our proposal\n\nHello Jo,\n\n"
    assert "made-up facts" in printed.stderr
    assert written.exit_code == 0
    assert (tmp_path / "proposal_sent-preview.html").read_text() == SHOWN["html"]


def test_a_preview_of_what_is_sent_says_that_a_draft_waits(keytalk, gateway):
    gateway.will_answer("notifications.preview_template", {**SHOWN, "version": 1}, SHOWN)
    gateway.will_answer("notifications.get_template", TEMPLATE)

    live = keytalk("templates", "preview", "proposal_sent")
    draft = keytalk("templates", "preview", "proposal_sent", "--version", "2")

    assert "A draft waits. To see it: keytalk templates preview proposal_sent --version 2" in live.stderr
    assert "A draft waits" not in draft.stderr


def test_publishing_shows_the_words_and_asks(keytalk, gateway):
    gateway.will_answer("notifications.get_template", TEMPLATE)
    gateway.will_answer("notifications.preview_template", SHOWN)
    gateway.will_answer("notifications.publish_template", {**TEMPLATE, "live": 2})

    asked = keytalk("templates", "publish", "proposal_sent", *WHY, typed="n\n")
    dry = keytalk("templates", "publish", "proposal_sent", "--dry-run", *WHY)
    assert asked.exit_code != 0
    assert "Hello Jo," in asked.stdout
    assert "nothing is changed" in dry.stderr
    assert gateway.times_asked("notifications.publish_template") == 0

    done = keytalk("templates", "publish", "proposal_sent", "--yes", *WHY)
    assert "sent with the words of version 2 from now on" in done.stdout
    assert gateway.asked[-1] == (
        "notifications.publish_template",
        {"template": "proposal_sent", "version": 2, "reason": "Kinder."},
    )


def test_a_refusal_names_what_to_mend(keytalk, gateway):
    gateway.will_refuse(
        "notifications.publish_template",
        409,
        "These words are not fit to be sent yet.",
        errors={"text": ["'x' hurts."]},
    )
    said = keytalk("templates", "publish", "proposal_sent", "--version", "2", "--yes", *WHY)
    assert said.exit_code == 1
    assert "text: 'x' hurts." in said.stderr


def test_going_back_needs_a_reason_and_is_shown_first(keytalk, gateway):
    gateway.will_answer("notifications.preview_template", {**SHOWN, "version": 0})
    gateway.will_answer("notifications.revert_template", {**TEMPLATE, "live": 0})

    assert keytalk("templates", "revert", "proposal_sent").exit_code == 2
    assert keytalk("templates", "revert", "proposal_sent", *WHY).exit_code != 0
    done = keytalk("templates", "revert", "proposal_sent", "--yes", *WHY)

    assert "the words of as it comes" not in done.stdout
    assert "sent with the words that come with Keytalk from now on" in done.stdout
    assert gateway.asked[-1] == (
        "notifications.revert_template",
        {"template": "proposal_sent", "version": 0, "reason": "Kinder."},
    )


def test_going_back_names_the_version_that_was_asked_for_and_the_one_it_is_now(keytalk, gateway):
    gateway.will_answer("notifications.preview_template", {**SHOWN, "version": 1})
    gateway.will_answer("notifications.revert_template", {**TEMPLATE, "live": 3})
    done = keytalk("templates", "revert", "proposal_sent", "--version", "1", "--yes", *WHY)
    assert "sent with the words of version 1 from now on, as version 3." in done.stdout
