"""`keytalk templates`: the words of every message, and what may be written in them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.cli.arguments import Json
from ops.cli.asking import DryRun, Reason, Yes, goes_on
from ops.cli.client import CommandRefused, Gateway, connect
from ops.cli.output import Column, local_time, note, say, show, show_details, show_json

app = typer.Typer(no_args_is_help=True)

AS_IT_COMES = "as it comes"
"""What version 0 is called: the words that come with Keytalk."""

LISTED = (
    Column("template", "Template", copyable=True),
    Column("audience", "To", copyable=True),
    Column("sent", "Sent", copyable=True),
    Column("draft", "Draft"),
    Column("purpose", "What for"),
)
DETAILS = (
    Column("template", "Template"),
    Column("audience", "To"),
    Column("purpose", "What for"),
    Column("sent", "Sent"),
)
PLACEHOLDERS = (
    Column("name", "Placeholder", copyable=True),
    Column("what", "What it is"),
    Column("needed", "Needed"),
    Column("in_subject", "In the subject"),
    Column("may_lack", "May be empty"),
)
WAYS = (Column("name", "Way to write it", copyable=True), Column("what", "What it does"))
VERSIONS = (
    Column("version", "Version", copyable=True),
    Column("state", "State", copyable=True),
    Column("made_by", "Written by"),
    Column("made_at", "Written", copyable=True),
    Column("published_at", "Published", copyable=True),
    Column("reason", "Why"),
)
FINDINGS = (
    Column("level", "Level", copyable=True),
    Column("where", "Where", copyable=True),
    Column("rule", "Rule", copyable=True),
    Column("words", "What"),
)

Template = Annotated[str, typer.Argument(metavar="TEMPLATE", help="Its name, as `keytalk templates list` shows it.")]
Version = Annotated[
    int | None,
    typer.Option("--version", min=0, help="Which version; 0 for the words that come with Keytalk; the live one else."),
]
Folder = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="The folder to write to; it is made if need be.")]
TextFile = Annotated[Path | None, typer.Option("--text", metavar="FILE", help="The file with the text.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="The file with the page.")]


@app.command("list")
def list_templates(as_json: Json = False) -> None:
    """List every message that Keytalk sends, to whom, and which of its words are sent."""
    rows = connect().call("notifications", "list_templates")
    show(rows if as_json else [{**row, "sent": _named(row["live"])} for row in rows], LISTED, as_json)


@app.command("show")
def show_template(template: Template, version: Version = None, as_json: Json = False) -> None:
    """Show what a message is for, what may be written in it, its versions, and the text of one."""
    found = connect().call("notifications", "get_template", template=template, version=version)
    if as_json:
        show_json(found)
        return
    show_details({**found, "sent": _named(found["live"])}, DETAILS)
    show(found["placeholders"], PLACEHOLDERS, False)
    show(found["ways"], WAYS, False)
    for part, names in found["parts"].items():
        say(f"Shared parts of the {'page' if part == 'html' else part}: {', '.join(names)}")
    show([_readable(each) for each in found["versions"]], VERSIONS, False, empty="Nobody has edited it yet.")
    say(f"The text ({_named(found['version'])}):\n\n{found['text']}")
    note(f"To edit it: keytalk templates export {template}")


@app.command("export")
def export_template(
    template: Template,
    version: Version = None,
    to: Folder = Path(),
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Write the two files to start an edit from, TEMPLATE.txt and TEMPLATE.html."""
    found = connect().call("notifications", "get_template", template=template, version=version)
    written = _save(to, found, force)
    if as_json:
        show_json({"template": template, "version": found["version"], "files": written})
        return
    for path in written:
        say(path)
    note(f"Then: keytalk templates edit {template} --text {written[0]} --html {written[1]}")


@app.command("edit")
def edit_template(
    template: Template,
    text: Annotated[Path, typer.Option("--text", metavar="FILE", help="The file with the text.")],
    html: Annotated[Path, typer.Option("--html", metavar="FILE", help="The file with the page.")],
    as_json: Json = False,
) -> None:
    """Keep the words of two files as a new draft, and look them over. Nothing else is sent until it is published."""
    gateway = connect()
    drafted = gateway.call(
        "notifications", "draft_template", template=template, text=_words_in(text), html=_words_in(html)
    )
    looked = gateway.call("notifications", "lint_template", template=template, version=drafted["version"])
    if as_json:
        show_json({"draft": drafted, "lint": looked})
        return
    say(f"Kept as version {drafted['version']}, a draft.")
    _say_findings(looked)
    if looked["fit"]:
        note(f"To see it: keytalk templates preview {template} --version {drafted['version']}")
        note(f"To have it sent: keytalk templates publish {template} --reason TEXT")


@app.command("lint")
def lint_template(
    template: Template,
    version: Version = None,
    text: TextFile = None,
    html: HtmlFile = None,
    as_json: Json = False,
) -> None:
    """Look words over: those of a version, or of two files. Errors keep them from going live, warnings do not."""
    if (text is None) != (html is None):
        raise typer.BadParameter("Give both files, --text and --html.")
    words = {"text": _words_in(text), "html": _words_in(html)} if text and html else {}
    looked = connect().call("notifications", "lint_template", template=template, version=version, **words)
    if as_json:
        show_json(looked)
    else:
        _say_findings(looked)
    if not looked["fit"]:
        raise typer.Exit(1)


@app.command("preview")
def preview_template(
    template: Template,
    version: Version = None,
    message: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The id of a message whose facts are used; the newest of its kind else."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Write TEMPLATE-preview.txt and .html there.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Show a message as a real one would be sent, with the reader's own facts. Nothing is sent."""
    gateway = connect()
    told = gateway.call("notifications", "preview_template", template=template, version=version, message=message)
    if as_json:
        show_json(told)
        return
    if to is not None:
        for path in _save(to, {**told, "template": f"{template}-preview"}, force):
            say(path)
    else:
        _say_preview(told)
    if told["note"]:
        note(told["note"])
    draft = _newest_draft(gateway, template) if version is None else None
    if draft is not None and draft > told["version"]:
        note(f"A draft waits. To see it: keytalk templates preview {template} --version {draft}")


@app.command("publish")
def publish_template(
    template: Template,
    reason: Reason,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Which draft; the newest else.")] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Have a draft sent from now on. It is refused unless it is fit to be sent, and then nothing changes."""
    gateway = connect()
    chosen = version or _newest_draft(gateway, template)
    if chosen is not None and not _goes_on(gateway, template, chosen, yes, dry_run, as_json):
        return
    published = gateway.call("notifications", "publish_template", template=template, version=chosen, reason=reason)
    _say_sent(published, as_json, published["live"])


@app.command("revert")
def revert_template(
    template: Template,
    reason: Reason,
    version: Annotated[
        int, typer.Option("--version", min=0, help="Which version; 0, the words that come with Keytalk, unless said.")
    ] = 0,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Go back to the words of an earlier version, or to those that come with Keytalk."""
    gateway = connect()
    if not _goes_on(gateway, template, version, yes, dry_run, as_json):
        return
    reverted = gateway.call("notifications", "revert_template", template=template, version=version, reason=reason)
    _say_sent(reverted, as_json, version)


def _goes_on(gateway: Gateway, template: str, version: int, yes: bool, dry_run: bool, as_json: bool) -> bool:
    """Show what would be sent from now on, and ask; say whether to go on."""
    asked: dict[str, Any] = {"template": template, "version": version, "message": None}
    look = partial(gateway.call, "notifications", "preview_template", **asked)
    question = "Send these words from now on?"
    return goes_on(look, _say_preview, question, yes=yes, dry_run=dry_run, as_json=as_json)


def _newest_draft(gateway: Gateway, template: str) -> int | None:
    versions = gateway.call("notifications", "get_template", template=template, version=None)["versions"]
    drafts = [each["version"] for each in versions if each["state"] == "draft"]
    return drafts[-1] if drafts else None


def _say_sent(template: dict[str, Any], as_json: bool, version: int) -> None:
    """Say which words are sent from now on: those of a version, which may have been published anew as another."""
    if as_json:
        show_json(template)
        return
    words = f"the words of version {version}" if version else "the words that come with Keytalk"
    anew = f", as version {template['live']}" if template["live"] != version else ""
    say(f"{template['template']} is sent with {words} from now on{anew}.")
    note(f"To go back: keytalk templates revert {template['template']} --reason TEXT")


def _say_findings(looked: dict[str, Any]) -> None:
    show(looked["findings"], FINDINGS, False, empty="Nothing was found.")
    say("It is fit to be sent." if looked["fit"] else "It is not fit to be sent yet: mend the errors first.")


def _say_preview(told: dict[str, Any]) -> None:
    say(f"Subject: {told['subject']}\n\n{told['text']}")


def _named(version: int) -> str:
    return f"version {version}" if version else AS_IT_COMES


def _readable(version: dict[str, Any]) -> dict[str, Any]:
    times = {name: local_time(version[name]) for name in ("made_at", "published_at")}
    return {**version, **times}


def _words_in(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # some editors of Windows begin a file with a mark
    except OSError as error:
        raise CommandRefused(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandRefused(f"{path} is not text in UTF-8. Save it as UTF-8 and try again.") from error


def _save(folder: Path, found: dict[str, Any], force: bool) -> list[str]:
    """Write the text and the page into a folder, and give where they are."""
    stem = Path(found["template"]).name
    words = {folder / f"{stem}.txt": found["text"], folder / f"{stem}.html": found["html"]}
    there = [str(path) for path in words if path.exists()]
    if there and not force:
        verb = "is" if len(there) == 1 else "are"
        raise CommandRefused(
            f"{' and '.join(there)} {verb} there already. Choose another folder with --to, or say --force."
        )
    for path, text in words.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise CommandRefused(f"{path} cannot be written: {error.strerror}.") from error
    return [str(path) for path in words]
