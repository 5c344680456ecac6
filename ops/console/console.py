"""What every page of the console is given: who is signed in, the desk, and ways to answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextvars import copy_context
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from eventlet import GreenPool
from flask import Blueprint, Flask, Response, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ops.accounts.operators import Operator
from ops.gateway.gateway import Gateway
from ops.gateway.permissions import READ
from ops.gateway.roles import Area, may, may_in
from shared.csv_safe import safe_csv
from shared.errors import Refused
from shared.web.addresses import client_address

P = ParamSpec("P")
T = TypeVar("T")

KEY = "key"
"""The name of the session's key in the signed cookie, and of a form's own key."""


pages = Blueprint("console", __name__)
"""Every page is a function with one of this blueprint's routes; its endpoint is `console.NAME`."""

_GATEWAY = "gateway"
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def belong_to(app: Flask, gateway: Gateway) -> None:
    """Let the pages of an app ask by this gateway."""
    app.extensions[_GATEWAY] = gateway


def the_gateway() -> Gateway:
    """Give the gateway that the pages ask by."""
    gateway: Gateway = current_app.extensions[_GATEWAY]
    return gateway


def me() -> Operator:
    """Give who is signed in. Only inside a page that needs that."""
    operator: Operator = g.operator
    return operator


def ask(service: str, method: str, /, **arguments: Any) -> Any:
    """Ask a service, or ops itself, as who is signed in, and give its result; what is None is left out.

    A form with `{{ key_field() }}` makes its change once, however often it is sent. Raises `Refused`.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    if service == "ops":
        return the_gateway().office.ask(me(), method, given)
    key = request.form.get(KEY) if request.method == "POST" else None
    return the_gateway().desk.ask(me(), service, method, given, key=key and f"{key}:{method}")


def ask_where_up(service: str, method: str, /, **arguments: Any) -> tuple[Any, Refused | None]:
    """Ask as `ask` does; where a service is away, give None and why, so that the rest of the page is still of use."""
    try:
        return ask(service, method, **arguments), None
    except Refused as refused:
        if refused.code != "unavailable":
            raise
        return None, refused


def all_places() -> list[tuple[str, str]]:
    """Give the id and the name of every establishment on file, for a choice among them."""
    return [(each["id"], each["name"]) for each in ask("scheduling", "list_establishments", brief=True, limit=1000)]


def together(*calls: Callable[[], T]) -> list[T]:
    """Make several calls at once and give what came of each, in their order; the first error is raised."""
    pool: GreenPool[T] = GreenPool(len(calls))
    waiting = [pool.spawn(copy_context().run, call) for call in calls]
    return [each.wait() for each in waiting]


def may_ask(service: str, method: str) -> bool:
    """Say whether who is signed in may ask for something: what they may not is not offered."""
    return may(me().roles, service, method)


def facilitator_called(facilitator: str) -> str:
    """Give a facilitator's name, for pages whose service knows ids alone; all are asked for once a page."""
    if "facilitators" not in g:
        found = (
            ask_where_up("scheduling", "list_facilitators", brief=True)[0]
            if may_ask("scheduling", "list_facilitators")
            else None
        )
        g.facilitators = {each["id"]: each["name"] for each in found or ()}
    return str(g.facilitators.get(facilitator, "A facilitator"))


def know_contacts(recipients: Iterable[str]) -> None:
    """Ask once for the names of all contacts among some recipients, before a page names them one by one."""
    ids = sorted({each.partition(":")[2] for each in recipients if each.startswith("contact:")})
    if ids and may_ask("enquiries", "list_contacts"):
        found = ask_where_up("enquiries", "list_contacts", ids=ids, limit=len(ids))[0]
        names = {each["id"]: each["name"] for each in found or ()}
        g.contacts = {**g.get("contacts", {}), **{each: names.get(each) for each in ids}}


def contact_called(contact: str) -> str:
    """Give a contact's name, for pages whose service knows ids alone."""
    if contact not in g.get("contacts", {}):
        know_contacts([f"contact:{contact}"])
    return g.get("contacts", {}).get(contact) or "A contact"


def only_for(service: str, method: str) -> None:
    """Let nobody see a form whose change they may not ask for. Raises `Refused("forbidden")`."""
    if not may_ask(service, method):
        raise Refused("forbidden", "Your account may not do that. An admin can change what it may.")


def may_work_in(area: str, kind: str = READ) -> bool:
    """Say whether who is signed in may read, or change, what lies in an area."""
    return may_in(me().roles, Area(area), kind)


def client() -> str:
    """Give the address that the request comes from."""
    return client_address(request.environ, the_gateway().trusted_proxies)


def page(template: str, status: int = 200, /, **values: Any) -> Response:
    """Give a page."""
    return Response(render_template(template, **values), status, mimetype="text/html")


def asked_again(view: Callable[..., Any], refused: Refused, /, *arguments: Any, **values: Any) -> Any:
    """Show a page again with what a service refused, under the refusal's own status.

    `view` is the function behind the page; it takes `refused` and shows `{{ refusal(refused) }}`.
    """
    answer: Response = view(*arguments, refused=refused, **values)
    answer.status_code = refused.status
    return answer


def csv(name: str, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Give a file for a spreadsheet, in which nothing that somebody typed becomes a formula."""
    answer = Response(safe_csv(list(titles), rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{_NOT_IN_A_NAME.sub("-", name)}.csv"'
    return answer


def wants_csv() -> bool:
    """Say whether a list is asked for as CSV: the same address with `format=csv`."""
    return request.args.get("format") == "csv"


def comes_by_itself() -> bool:
    """Say whether a page asks for itself again, as it does when there is news: no sign that somebody is there."""
    return request.headers.get("X-By-Itself") is not None


def to_sign_in() -> AnyResponse:
    """Send somebody to the sign-in page, and back here afterwards."""
    here = request.full_path.rstrip("?") if request.method == "GET" else url_for("console.home")
    there = url_for("console.sign_in", next=here)
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": there})
    return redirect(there)


def within(address: str | None) -> str:
    """Give an address to go on to if it lies in this console, and the first page otherwise."""
    wanted = address or ""
    parts = urlsplit(wanted)
    local = not parts.scheme and not parts.netloc and wanted.startswith("/") and not wanted.startswith("//")
    return wanted if local and wanted.isprintable() and "\\" not in wanted else url_for("console.home")


def new_form_key() -> str:
    """Make the key of a form, which its change is made once for."""
    return str(uuid.uuid4())


def open_to_all(view: Callable[P, Any]) -> Callable[P, Any]:
    """Mark a page that nobody has to be signed in for."""

    @wraps(view)
    def shown(*args: P.args, **kwargs: P.kwargs) -> Any:
        return view(*args, **kwargs)

    shown.open_to_all = True  # type: ignore[attr-defined]
    return shown
