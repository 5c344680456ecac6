"""`keytalk dead`: events that a service could not handle or send, and what is to become of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import typer

from ops.cli.arguments import Json, Limit
from ops.cli.asking import DryRun, Reason, Yes, goes_on, must_be_able_to_ask
from ops.cli.client import CommandRefused, Gateway, GatewayOutOfReach, connect
from ops.cli.each_service import (
    SERVICES,
    WHOSE,
    OfService,
    Service,
    ask_each,
    in_words,
    list_of_each,
    raise_what_all_say,
    services_of,
)
from ops.cli.output import Column, local_time, note, plain, say, show, show_details, show_json
from ops.cli.waiting import counting

app = typer.Typer(no_args_is_help=True)

PAGE = 1000
"""The most that a service lists at a time."""

LISTED = (
    Column("id", "Id", copyable=True),
    Column("way", "Way", copyable=True),
    Column("state", "State", copyable=True),
    Column("type", "Type", copyable=True),
    Column("subject", "Subject"),
    Column("held_up", "Held up", copyable=True),
    Column("attempts", "Attempts", copyable=True),
    Column("since", "Since", copyable=True),
    Column("error", "Error"),
)
DETAILS = (
    WHOSE,
    Column("id", "Id"),
    Column("type", "Type"),
    Column("subject", "Subject"),
    Column("state", "State"),
    Column("since", "Since"),
    Column("attempts", "Attempts"),
    Column("error", "Error"),
)
NOT_REPLAYED = (WHOSE, Column("id", "Id", copyable=True), Column("why", "Why"))


def event_id(text: str) -> str:
    """Read an event's id and give it back as services write it; anything else is refused."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is not an event's id. `keytalk dead list` shows each id whole.") from error


EventId = Annotated[str, typer.Argument(parser=event_id, metavar="ID", help="As `keytalk dead list` shows it.")]
MaybeEventId = Annotated[
    str | None, typer.Argument(parser=event_id, metavar="ID", help="As `keytalk dead list` shows it.")
]


@app.command("list")
def list_dead(service: OfService = None, limit: Limit = 200, as_json: Json = False) -> None:
    """List the events that wait for a person, oldest first: `in` could not be handled, `out` not be sent."""
    list_of_each(
        service,
        "list_dead",
        LISTED,
        as_json,
        order=lambda row: datetime.fromisoformat(row["since"]),
        limit=limit,
        empty="No event waits for a person.",
        next_step="They are kept until somebody decides. What happened, and what can be done: keytalk dead show ID",
    )


@app.command("show")
def show_dead(event: EventId, service: OfService = None, as_json: Json = False) -> None:
    """Show one event with its error and its envelope, and what can be done about it."""
    entry = _find(connect(), event, service)
    if as_json:
        show_json(entry)
        return
    show_details(entry, DETAILS)
    say(f"\n{_envelope_of(entry)}\n")
    say(f"{_what_happened(entry)} {_who_waits(entry)}")
    say(_what_next(entry))


@app.command("replay")
def replay_dead(
    event: MaybeEventId = None,
    every: Annotated[bool, typer.Option("--all", help="Each one that can be, as after an outage.")] = False,
    service: OfService = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Try an event again now, under the same id, once the cause is mended. What it tells people goes out then."""
    if every == (event is not None):
        raise typer.BadParameter("Give the ID of one event, or --all.", param_hint="ID")
    gateway = connect()
    if event is None:
        look = partial(_look_at_all, gateway, services_of(service))
        if goes_on(look, _say_all, "Try them again?", yes=yes, dry_run=dry_run, as_json=as_json):
            _replay_all(gateway, services_of(service), as_json)
        return
    if not goes_on(
        partial(_find, gateway, event, service), _preview, "Try it again?", yes=yes, dry_run=dry_run, as_json=as_json
    ):
        return
    place = service or _find(gateway, event, None)["service"]
    replayed = {"service": place, **gateway.call(place, "replay_dead", event_id=event)}
    if as_json:
        show_json(replayed)
        return
    say(f"{place.capitalize()} tries it again now, under the same id. What waits behind it follows once it succeeds.")
    say("Should it fail for good, it is back in: keytalk dead list")


@app.command("drop")
def drop_dead(
    event: EventId,
    reason: Reason,
    service: OfService = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give an event up for good, with the reason kept; what waited behind it goes on."""
    gateway = connect()
    must_be_able_to_ask(yes=yes, dry_run=dry_run)
    entry = _find(gateway, event, service)
    question = "Dropped, it is never tried again. Drop it?"
    if not goes_on(lambda: entry, _preview, question, yes=yes, dry_run=dry_run, as_json=as_json):
        return
    place = entry["service"]
    dropped = {"service": place, **gateway.call(place, "drop_dead", event_id=event, reason=reason)}
    if as_json:
        show_json(dropped)
        return
    say(f"{place.capitalize()} has dropped {_what(entry)} and keeps your reason. What waited behind it goes on.")


def _find(gateway: Gateway, event: str, service: Service | None) -> dict[str, Any]:
    """Give what is known of an event, with the service where it is dead.

    Raises `CommandRefused` when no service has it or several do, and `GatewayOutOfReach` when that is not certain.
    """
    if service:
        return {"service": service, **gateway.call(service, "get_dead", event_id=event)}
    answers, refusals = ask_each(gateway, SERVICES, "get_dead", event_id=event)
    if len(answers) > 1:
        raise CommandRefused(
            f"{event} is dead in {' and in '.join(answers)}, and each settles it on its own. Say which one is meant "
            f"with --service {' or --service '.join(answers)}."
        )
    if any(isinstance(refusal, GatewayOutOfReach) for refusal in refusals.values()):
        raise _uncertain(event, list(answers), refusals)
    for place, entry in answers.items():
        return {"service": place, **entry}
    raise CommandRefused(
        f"No service has a dead event {event}. It may have been replayed or dropped already; "
        "`keytalk dead list` shows those that are left.",
        in_words(refusals),
    )


def _uncertain(event: str, found_in: list[Service], refusals: Mapping[Service, CommandRefused]) -> GatewayOutOfReach:
    """Say why nothing is done yet: an event may be dead in two services, and one of them did not answer."""
    away = {place: refusal for place, refusal in refusals.items() if isinstance(refusal, GatewayOutOfReach)}
    if found_in:
        sentence = (
            f"{event} is dead in {found_in[0]}. Not every service could be asked, and it may be dead in another too. "
            f"Add --service {found_in[0]} to go on with that one."
        )
    else:
        sentence = f"The services that could be asked have no dead event {event}. Please ask again once all answer."
    return GatewayOutOfReach(sentence, in_words(away))


# Replaying all


def _look_at_all(gateway: Gateway, services: Sequence[Service]) -> list[dict[str, Any]]:
    answers, refusals = ask_each(gateway, services, "list_dead", limit=PAGE)
    for place, sentences in in_words(refusals).items():
        note(f"{place}: {' '.join(sentences)}")
    return [{"service": place, **row} for place, listed in answers.items() for row in listed]


def _replay_all(gateway: Gateway, services: Sequence[Service], as_json: bool) -> None:
    replayed: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    away: dict[Service, CommandRefused] = {}
    for service in services:
        try:
            _replay_each(gateway, service, replayed, refused)
        except CommandRefused as refusal:
            away[service] = refusal
    if not replayed and not refused:
        raise_what_all_say(list(away.values()), services)
    _say_replayed(replayed, refused, as_json)
    if away:
        raise GatewayOutOfReach(
            "Not every service answered to the end, so some may be left. Please give the command again later:",
            in_words(away),
        )
    if refused:
        raise typer.Exit(1)


def _replay_each(
    gateway: Gateway, service: Service, replayed: list[dict[str, Any]], refused: list[dict[str, Any]]
) -> None:
    """Replay a service's dead events, each once: one that fails again at once is listed anew, and left alone.

    They are listed a page at a time, until a page holds nothing new.
    The outcomes go into the lists that are given, so that they count even when the service goes away half-way.
    """
    tried: set[str] = set()
    while fresh := _not_yet(tried, gateway.call(service, "list_dead", limit=PAGE)):
        with counting(f"Trying again what is dead in {service}", len(fresh)) as tell:
            for done, event in enumerate(fresh, start=1):
                tried.add(event)
                try:
                    replayed.append({"service": service, **gateway.call(service, "replay_dead", event_id=event)})
                except GatewayOutOfReach:
                    raise
                except CommandRefused as refusal:
                    refused.append({"service": service, "id": event, "why": refusal.sentence})
                tell(done)


def _not_yet(tried: set[str], rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows if row["id"] not in tried]


def _say_replayed(replayed: list[dict[str, Any]], refused: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json({"replayed": replayed, "refused": refused})
        return
    count = len(replayed)
    if count:
        say(f"{count} {'event is' if count == 1 else 'events are'} tried again now, with ids unchanged.")
    else:
        say("No event was replayed.")
    if refused:
        show(refused, NOT_REPLAYED, as_json=False)
        note("These cannot be replayed and stay where they are. `keytalk dead show ID` says what can be done.")


# Words


def _what_happened(entry: Mapping[str, Any]) -> str:
    if entry["way"] == "out":
        return f"This event of {entry['service']} could not be sent, so its subscribers have not heard of it."
    return f"{entry['service'].capitalize()} could not handle this event, so it has had no effect there."


def _who_waits(entry: Mapping[str, Any]) -> str:
    held_up = entry["held_up"]
    if not held_up:
        return "Nothing waits behind it."
    if held_up == 1:
        return "1 later event of the same subject waits behind it."
    return f"{held_up} later events of the same subject wait behind it."


def _what_next(entry: Mapping[str, Any]) -> str:
    which = f"{entry['id']} --service {entry['service']}"
    return (
        "It is kept until somebody decides, and nothing is lost meanwhile.\n\n"
        f"Once what the error names is mended: keytalk dead replay {which}\n"
        f"If it must never take effect:        keytalk dead drop {which} --reason TEXT\n\n"
        "If the error does not say what to mend, give all of the above to whoever looks after the program: it holds "
        "ids only, nothing about a person. docs/runbook.md says more."
    )


def _envelope_of(entry: Mapping[str, Any]) -> str:
    envelope = entry.get("envelope")
    if envelope is None:
        return "Its envelope was not kept."
    if isinstance(envelope, str):
        return f"It could not be read. As it came:\n{envelope}"
    return json.dumps(envelope, indent=2, ensure_ascii=False)


def _preview(entry: Mapping[str, Any]) -> None:
    """Say what is about to be replayed or dropped."""
    since = local_time(entry["since"])
    say(f"{_what(entry)}, {entry['state']} since {since} (attempts: {entry['attempts']}): {entry['error']}")
    say(f"{_what_happened(entry)} {_who_waits(entry)}")


def _what(entry: Mapping[str, Any]) -> str:
    about = f" of {entry['subject']}" if entry.get("subject") else ""
    return f"{plain(entry.get('type')) or 'what could not be read'}{about}"


def _say_all(rows: list[dict[str, Any]]) -> None:
    show(rows, (WHOSE, *LISTED), as_json=False, empty="No event waits for a person.")
    if rows:
        say("Those of these events that people are told of by mail are told then.")
