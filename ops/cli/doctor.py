"""`keytalk doctor`: looks at everything Keytalk stands on, names what is wrong, and says the mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ops.cli.arguments import Json
from ops.cli.output import note, say, show_json

if TYPE_CHECKING:
    from ops.doctor.findings import Finding

Part = Literal["enquiries", "scheduling", "notifications", "ops"]

WIDEST = len("could not look")


def doctor(
    service: Annotated[
        Part | None, typer.Option("--service", help="Look only at what this service needs, as in its container.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find what is wrong, and say the mend.

    It looks at everything Keytalk stands on, with the settings of this environment. It works whether Keytalk runs or
    not, changes nothing, and ends within half a minute. Ends with 0 when nothing is broken, 1 when something is, 3 when
    nothing could be looked at.
    """
    import os  # noqa: PLC0415 - with the rest

    from ops.doctor.examining import examination  # noqa: PLC0415 - it loads all of Keytalk
    from ops.doctor.findings import exit_code, plain_data  # noqa: PLC0415
    from ops.doctor.patient import examine  # noqa: PLC0415
    from shared.clock import machine_clock  # noqa: PLC0415

    findings = examination(examine(os.environ, service), machine_clock)
    if as_json:
        show_json(plain_data(findings))
    else:
        _print(findings)
    raise typer.Exit(exit_code(findings))


def _print(findings: Sequence[Finding]) -> None:
    from ops.doctor.findings import summary  # noqa: PLC0415 - as above

    for finding in findings:
        say(f"{finding.state:<{WIDEST}}  {finding.check}: {finding.words}")
        if finding.mend:
            say(f"{'':<{WIDEST}}  -> {finding.mend}")
    counts = summary(findings)
    note(", ".join(f"{count} {state}" for state, count in counts.items() if count) + ".")
