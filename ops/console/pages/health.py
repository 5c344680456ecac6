"""Health: whether everything runs, what is set aside, what is late, and whether every enquiry is accounted for."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.console.console import ask, ask_where_up, asked_again, csv, page, pages, together, wants_csv
from shared.errors import Refused

SERVICES = ("enquiries", "scheduling", "notifications")
SHOWN = 20
DEAD_COLUMNS = ("service", "id", "way", "type", "subject", "state", "attempts", "error", "since", "held_up")


@pages.get("/system")
def health(refused: Refused | None = None) -> Response:
    """Show how each service stands, and what is set aside."""
    stands = together(*(partial(_service, name) for name in SERVICES))
    dead = [{"service": each["name"], **row} for each in stands for row in each["dead"]]
    if wants_csv():
        return csv("events-set-aside", DEAD_COLUMNS, ([row.get(name) for name in DEAD_COLUMNS] for row in dead))
    ledger, _away = ask_where_up("enquiries", "get_ledger")
    return page("health/health.html", services=stands, dead=dead, ledger=ledger, refused=refused)


def _service(name: str) -> dict[str, Any]:
    stands, away = ask_where_up(name, "get_health")
    dead, _ = ask_where_up(name, "list_dead", limit=SHOWN) if away is None else ([], None)
    return {"name": name, "health": stands, "away": away.detail if away else None, "dead": dead or []}


@pages.get("/system/jobs/<any(enquiries,scheduling,notifications):service>")
def jobs(service: str) -> Response:
    """List what a service is to do and when, and what it gave up."""
    rows = ask(service, "list_jobs", limit=100)
    if wants_csv():
        columns = ("kind", "subject", "due_at", "state", "attempts", "late_by_s", "error")
        return csv(f"jobs-{service}", columns, ([row[name] for name in columns] for row in rows))
    return page("health/jobs.html", service=service, rows=rows)


@pages.get("/system/<any(enquiries,scheduling,notifications):service>/<event_id>")
def dead_letter(service: str, event_id: str, refused: Refused | None = None) -> Response:
    """Show an event that was set aside, with all of it."""
    shown = ask(service, "get_dead", event_id=event_id)
    return page("health/dead.html", service=service, event=shown, refused=refused)


@pages.post("/system/<any(enquiries,scheduling,notifications):service>/<event_id>/<any(replay,drop):what>")
def settle_dead(service: str, event_id: str, what: str) -> AnyResponse:
    """Have an event tried again, or give it up with a reason."""
    given = {"reason": request.form.get("reason", "")} if what == "drop" else {}
    try:
        ask(service, f"{what}_dead", event_id=event_id, **given)
    except Refused as refused:
        answer: AnyResponse = asked_again(dead_letter, refused, service, event_id)
        return answer
    flash("It is tried again now." if what == "replay" else "It is given up; what waited behind it goes on.")
    return redirect(url_for("console.health"))
