"""What is said about an enquiry and whose turn it is: replies, calls, notes, and enquiries taken for someone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ops.cli import asking
from ops.cli.arguments import EnquiryReference, Json, iso_date
from ops.cli.asking import DryRun, Yes, contact_of, goes_on, told_by_mail, tried
from ops.cli.client import CommandRefused, Gateway, connect
from ops.cli.completing import completed_by
from ops.cli.output import Column, note, say, show, show_json
from ops.vocabulary import ANSWERS

app = typer.Typer()

Side = Literal["us", "prison", "funder"]
Said = Annotated[
    str | None, typer.Option("--words", help="What was said; without it and --file, it is read from stdin.")
]
SaidInFile = Annotated[
    Path | None, typer.Option("--file", exists=True, dir_okay=False, help="A text file that holds what was said.")
]
Owner = Annotated[str | None, typer.Argument(metavar="WHO", help="Whose it is; leave it out for nobody in particular.")]

CHECKLIST = (
    Column("item", "Item", copyable=True),
    Column("stage", "For", copyable=True),
    Column("question", "Question"),
    Column("answer", "Answer", copyable=True),
    Column("note", "Note"),
)

QUESTIONS = {
    "programme": "Programme (many-faces-of-trauma or unlocking-the-key-to-compassion)",
    "establishment": "Prison or organisation",
    "contact_name": "Their name",
    "contact_role": "Their role",
    "contact_email": "Their email address",
    "contact_phone": "Their phone number",
    "organisation": "Their organisation",
    "group_size": "Number of people",
    "preferred_start": "Start they would like (like 2027-01-12)",
    "preferred_times": "Days and times that suit them",
    "message": "What they said (no details of anyone in prison)",
}
"""What is asked on a terminal, in the order of the form."""
_NEEDED = ("programme", "establishment", "contact_name")


@app.command("add")
def add_enquiry(
    *,
    paper: Annotated[bool, typer.Option("--paper", help="It came on paper; otherwise they rang.")] = False,
    programme: Annotated[str | None, typer.Option(metavar="SLUG", help="The programme they ask for.")] = None,
    establishment: Annotated[str | None, typer.Option(help="The prison or organisation, by id or name.")] = None,
    name: Annotated[str | None, typer.Option(help="Who is asking.")] = None,
    role: Annotated[str | None, typer.Option(help="Their role.")] = None,
    email: Annotated[str | None, typer.Option(help="Their email address, where they have one.")] = None,
    phone: Annotated[str | None, typer.Option(help="Their phone number.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Their organisation.")] = None,
    group_size: Annotated[int | None, typer.Option(metavar="N", help="How many people.")] = None,
    start: Annotated[
        str | None, typer.Option(parser=iso_date, metavar="DATE", help="The start they would like, like 2027-01-12.")
    ] = None,
    times: Annotated[str | None, typer.Option(help="Days and times that suit them.")] = None,
    message: Annotated[str | None, typer.Option(help="What else they said.")] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take an enquiry for someone who rang or wrote; on a terminal, what is missing is asked for.

    With an email address they are thanked by mail, with the reference.
    """
    answers: dict[str, Any] = {
        "programme": programme,
        "establishment": establishment,
        "contact_name": name,
        "contact_role": role,
        "contact_email": email,
        "contact_phone": phone,
        "organisation": organisation,
        "group_size": group_size,
        "preferred_start": start,
        "preferred_times": times,
        "message": message,
    }
    channel = "paper" if paper else "phone"
    asks = asking.somebody_is_there() and not all(answers[each] for each in _NEEDED)
    if asks:
        _ask(answers, [each for each in QUESTIONS if answers[each] is None])
    agreed = yes or not answers["contact_email"]
    gateway = connect()

    def look() -> dict[str, Any]:
        _taken(gateway, answers, channel, asks, dry_run=True)
        return answers

    if not goes_on(look, _say_taken, "Take it down?", yes=agreed, dry_run=dry_run, as_json=as_json):
        return
    taken = _taken(gateway, answers, channel, asks)
    if as_json:
        show_json(taken)
        return
    say(f"Taken down. The reference to give them is {taken['reference']}.")


@app.command("reply")
def reply(
    reference: EnquiryReference,
    words: Said = None,
    file: SaidInFile = None,
    sent: Annotated[bool, typer.Option("--sent", help="It was sent already, from a mailbox or on paper.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write to the enquirer, and wait for them from now on; Keytalk sends it unless --sent."""
    gateway, said = connect(), _said(words, file)
    asked = {"reference": reference, "words": said, "sent": sent}

    def look() -> dict[str, Any]:
        return {**tried(gateway, "enquiries", "reply_to_enquiry", **asked)(), "words": said}

    # What was sent already tells nobody: there is nothing to ask.
    if not goes_on(look, _say_reply, "Send it?", yes=yes or sent, dry_run=dry_run, as_json=as_json):
        return
    answer = gateway.call("enquiries", "reply_to_enquiry", **asked)
    _tell(answer, as_json, "Recorded as sent." if sent else "Recorded; it goes out now.")


@app.command("letter")
def show_reply(
    entry: Annotated[
        str, typer.Argument(metavar="ENTRY", help="The reply's id: the timeline of `enquiries show --json` has it.")
    ],
    as_json: Json = False,
) -> None:
    """Show a reply that was written, and whom it goes to as things are now."""
    letter = connect().call("enquiries", "get_reply", entry_id=entry)
    if as_json:
        show_json(letter)
        return
    say(f"To: {contact_of(letter)}")
    say(f"About: {letter['reference']}, by {letter['actor']}\n\n{letter['words']}")


@app.command("log-call")
def log_call(
    reference: EnquiryReference,
    words: Said = None,
    file: SaidInFile = None,
    no_answer: Annotated[bool, typer.Option("--no-answer", help="Nobody picked up: the clocks go on.")] = False,
    waiting_on: Annotated[
        Side | None, typer.Option(case_sensitive=False, help="Whose turn it is after the call, where that changed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record a call with the other side."""
    said = _said(words, file)
    answer = _call("log_call", reference, words=said, answered=not no_answer, waiting_on=waiting_on)
    _tell(answer, as_json, "Recorded.")


@app.command("answered")
def log_answer(reference: EnquiryReference, words: Said = None, file: SaidInFile = None, as_json: Json = False) -> None:
    """Record what the other side has said: it is our turn now."""
    _tell(_call("log_answer", reference, words=_said(words, file)), as_json, "Recorded.")


@app.command("note")
def add_note(reference: EnquiryReference, words: Said = None, file: SaidInFile = None, as_json: Json = False) -> None:
    """Keep a note for ourselves with an enquiry."""
    _tell(_call("add_note", reference, words=_said(words, file)), as_json, "Kept.")


@app.command("assign")
def assign_enquiry(reference: EnquiryReference, owner: Owner = None, as_json: Json = False) -> None:
    """Give an enquiry to someone, or to nobody in particular."""
    answer = _call("assign_enquiry", reference, owner=owner)
    if as_json:
        show_json(answer)
    else:
        say(f"{answer['reference']} is {answer['owner'] or 'nobody'}'s now.")


@app.command("waiting")
def wait_on(
    reference: EnquiryReference,
    side: Annotated[Side, typer.Argument(metavar="SIDE", case_sensitive=False, help="us, prison or funder.")],
    reason: Annotated[str | None, typer.Option(help="Why, in your own words; kept with it.")] = None,
    as_json: Json = False,
) -> None:
    """Say whose turn it is."""
    answer = _call("wait_on", reference, waiting_on=side, reason=reason)
    if as_json:
        show_json(answer)
    else:
        say(f"{answer['reference']} waits on {answer['waiting_on']}.")


@app.command("check")
def answer_question(
    reference: EnquiryReference,
    item: Annotated[str | None, typer.Argument(metavar="ITEM", help="The question, as the list names it.")] = None,
    answer: Annotated[
        str | None,
        typer.Argument(metavar="ANSWER", help="yes, no or not_needed.", autocompletion=completed_by(ANSWERS)),
    ] = None,
    words: Annotated[str | None, typer.Option("--note", help="What is to be known about it.")] = None,
    as_json: Json = False,
) -> None:
    """Show an enquiry's checklist, or answer one of its questions."""
    if (item is None) != (answer is None):
        raise CommandRefused("Give both a question and an answer, or neither to see the list.")
    if item is None:
        checklist = connect().call("enquiries", "get_enquiry", reference=reference)["checklist"]
    else:
        checklist = _call("answer_question", reference, item=item, answer=answer, note=words)["checklist"]
    show(checklist, CHECKLIST, as_json)


def _call(method: str, reference: str, **arguments: Any) -> dict[str, Any]:
    answer: dict[str, Any] = connect().call("enquiries", method, reference=reference, **arguments)
    return answer


def _tell(answer: dict[str, Any], as_json: bool, done: str) -> None:
    if as_json:
        show_json(answer)
    else:
        say(f"{done} {answer['reference']} waits on {answer['waiting_on']}.")


def _say_reply(found: dict[str, Any]) -> None:
    say(f"In answer to {found['reference']}:\n\n{found['words'].strip()}\n")


def _say_taken(answers: dict[str, Any]) -> None:
    for name, question in QUESTIONS.items():
        if answers[name] is not None:
            say(f"{question.partition(' (')[0]}: {answers[name]}")
    email = answers["contact_email"]
    told_by_mail(email and f"{email}, with thanks and the reference", "the ops team, of a new enquiry")


def _said(words: str | None, file: Path | None) -> str:
    """Give what was said: an option's text, a file's, or what comes from stdin."""
    if words is not None and file is not None:
        raise CommandRefused("Give --words or --file, not both.")
    if words is not None:
        return words
    if file is not None:
        return _text(file)
    if asking.somebody_is_there():
        note("Write what was said, and end with Ctrl-D on a line of its own.")
    return sys.stdin.read()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CommandRefused(f"{file} cannot be read as text. Save it as plain text in UTF-8.") from None


def _ask(answers: dict[str, Any], names: list[str]) -> None:
    """Ask for answers one by one; a bare Enter leaves one out."""
    for name in names:
        typed = str(typer.prompt(QUESTIONS[name], default=answers[name] or "", err=True)).strip()
        answers[name] = int(typed) if name == "group_size" and typed.isdecimal() else typed or None


def _taken(
    gateway: Gateway, answers: dict[str, Any], channel: str, asks: bool, *, dry_run: bool = False
) -> dict[str, Any]:
    """Have it stored, or only tried; on a terminal, what was refused is asked for again, with the reason."""
    while True:
        given = {name: value for name, value in answers.items() if value is not None}
        try:
            asked = {"answers": given, "channel": channel, **({"dry_run": True} if dry_run else {})}
            taken: dict[str, Any] = gateway.call("enquiries", "add_enquiry", **asked)
        except CommandRefused as refusal:
            again = [name for name in QUESTIONS if name in refusal.fields]
            if not asks or not again:
                raise
            for line in refusal.lines():
                note(line)
            _ask(answers, again)
        else:
            return taken
