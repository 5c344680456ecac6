"""Asks a running Keytalk, where there is one: its gateway, whether our token opens it, and which services answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import requests

from ops.doctor.at_once import NoAnswer, all_at_once
from ops.doctor.probes.clocks import Clock, Skew, skew_of_date

CONNECT_WITHIN, ANSWER_WITHIN, SERVICE_WITHIN = 2.0, 5.0, 10.0
"""Seconds that the gateway has to take a connection and to answer, and that a service has through it."""
LOOPBACK = ("://127.", "://localhost", "://[::1]")


@dataclass(frozen=True, slots=True)
class GatewayFacts:
    """What was seen. `fault`: "" where Keytalk answers, else silent or stranger (something else answers there).

    `door`: opens to our token, no token, wrong token, or unknown where nobody could say. `services` are those that
    could be asked with it, `silent` those that do not answer, with the gateway's words.
    """

    url: str
    fault: str = ""
    said: str = ""
    skew: Skew | None = None
    door: str = "unknown"
    services: tuple[str, ...] = ()
    silent: dict[str, str] = field(default_factory=dict)


def ask_gateway(url: str, token: str | None, services: Sequence[str], clock: Clock) -> GatewayFacts:
    """Ask the gateway at an address, with the operator's token."""
    asked = clock()
    try:
        answer = _session(url).get(f"{url}/health/live", timeout=(CONNECT_WITHIN, ANSWER_WITHIN), allow_redirects=False)
    except (requests.RequestException, ValueError) as error:
        return GatewayFacts(url, fault="silent", said=type(error).__name__)
    skew = skew_of_date("Keytalk's gateway", answer.headers.get("Date"), asked, clock())
    if b'"live"' not in answer.content[:200]:
        return GatewayFacts(url, fault="stranger", said=f"it answered {answer.status_code}", skew=skew)
    if not token:
        return GatewayFacts(url, skew=skew, door="no token")
    asking = {service: partial(_ask, url, token, service) for service in services}
    answers = all_at_once(asking, CONNECT_WITHIN + SERVICE_WITHIN)
    said = {name: (0, "") if isinstance(answer, NoAnswer) else answer for name, answer in answers.items()}
    if any(status == requests.codes.unauthorized for status, _words in said.values()):
        return GatewayFacts(url, skew=skew, door="wrong token")
    if any(status == requests.codes.forbidden for status, _words in said.values()):
        return GatewayFacts(url, skew=skew, door="opens")
    silent = {name: words for name, (status, words) in said.items() if status != requests.codes.ok}
    opens = "opens" if any(status for status, _words in said.values()) else "unknown"
    return GatewayFacts(url, skew=skew, door=opens, services=tuple(services), silent=silent)


def _ask(url: str, token: str, service: str) -> tuple[int, str]:
    """Ask a service how it is; give the status of the answer (0 where none came), and the words of a refusal."""
    try:
        answer = _session(url).post(
            f"{url}/rpc/{service}/get_health",
            json={},
            auth=_Bearer(token),
            timeout=(CONNECT_WITHIN, SERVICE_WITHIN),
            allow_redirects=False,
        )
        body: Any = answer.json()
    except (requests.RequestException, ValueError) as error:
        return 0, f"No answer came through the gateway ({type(error).__name__})."
    return answer.status_code, str(body.get("detail", "")) if isinstance(body, dict) else ""


def _session(url: str) -> requests.Session:
    session = requests.Session()
    # On this machine no proxy stands between, whatever the environment says.
    session.trust_env = not any(host in url for host in LOOPBACK)
    return session


class _Bearer(requests.auth.AuthBase):
    """Shows the token. Not as a header: requests lets a ~/.netrc entry replace that."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
