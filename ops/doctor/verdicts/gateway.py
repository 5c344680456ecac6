"""Judges a running Keytalk: its gateway, our token, and the services behind it."""

from __future__ import annotations

from ops.doctor.findings import Finding, broken, could_not_look, in_a_row, look, ok, one_or_each
from ops.doctor.probes.gateway import GatewayFacts


def judge_gateway(facts: GatewayFacts) -> list[Finding]:
    """Say whether Keytalk answers; that it is not started is no fault."""
    if facts.fault == "silent":
        mend = "Start it with `make run` or `keytalk serve ops`, or set KEYTALK_OPS_URL to where it runs."
        return [look("gateway", f"Keytalk is not answering at {facts.url}.", mend)]
    if facts.fault:
        mend = "Set KEYTALK_OPS_URL (or KEYTALK_OPS_PORT) to where Keytalk's ops gateway is."
        return [broken("gateway", f"What answers at {facts.url} is not Keytalk: {facts.said}.", mend)]
    return [ok("gateway", f"Keytalk answers at {facts.url}")]


def judge_token(facts: GatewayFacts, token_file: str) -> list[Finding]:
    """Say whether the operator's token opens the gateway."""
    if facts.fault or facts.door == "unknown":
        return [could_not_look("token", "nobody answered who could say whether it opens the gateway")]
    if facts.door == "no token":
        mend = (
            f"Set KEYTALK_OPS_TOKEN, or KEYTALK_HOME to the folder of the Keytalk that runs (looked for: {token_file})."
        )
        return [broken("token", "There is no operator token to show to the gateway.", mend)]
    if facts.door == "wrong token":
        mend = f"Set KEYTALK_OPS_TOKEN to that of the Keytalk that runs at {facts.url}, or KEYTALK_HOME to its folder."
        return [broken("token", f"The gateway at {facts.url} does not know the operator token.", mend)]
    return [ok("token", "it opens the gateway")]


def judge_services(facts: GatewayFacts, broker_away: bool) -> list[Finding]:
    """Say which services do not answer, where that is not for want of a broker."""
    if facts.fault or facts.door != "opens":
        return [could_not_look("services", "they are asked through the gateway")]
    if not facts.services:
        return [could_not_look("services", "this token's operator may not ask them how they are")]
    if facts.silent and (broker_away or all("broker" in words for words in facts.silent.values())):
        return [could_not_look("services", "they are asked by way of the broker, which is away or takes no messages")]
    judged = {name: _judge_service(name, facts.silent.get(name)) for name in facts.services}
    return one_or_each("services", judged, f"{in_a_row(facts.services)} answer")


def _judge_service(name: str, words: str | None) -> Finding | None:
    if words is None:
        return None
    said = words or "The gateway gave no reason."
    return broken("services", said, f"Start it (keytalk serve {name}); if it runs, its log says what it waits for.")
