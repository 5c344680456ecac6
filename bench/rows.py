"""What a figure answers, and how it is shown: rows, the table, `results.json`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

HEADINGS = ("name", "unit", "ours", "peer", "limit", "ratio", "goal", "command")


@dataclass(frozen=True)
class Goal:
    """What the product asks of a figure, in words, and whether this run met it."""

    text: str
    met: bool

    def __str__(self) -> str:
        return f"{self.text}: {'met' if self.met else 'not met'}"


@dataclass(frozen=True)
class Row:
    """One figure: ours beside the best peer and the limit, each in `unit`; None where there is none."""

    name: str
    unit: str
    ours: float | None
    peer: float | None = None
    limit: float | None = None
    command: str = ""
    goal: Goal | None = None

    @property
    def ratio(self) -> str:
        """Ours as a share of the peer, or of the limit where no peer runs; empty where neither does."""
        if self.ours is None:
            return ""
        beside, what = (self.peer, "peer") if self.peer else (self.limit, "limit")
        return f"{self.ours / beside:.2f} of {what}" if beside else ""


def command_for(name: str) -> str:
    """The command that measures one figure again."""
    return f"make bench ONLY={name}"


def table(rows: Sequence[Row]) -> str:
    """The rows as an aligned text table with a heading; numbers stand to the right."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = ["  ".join(_pad(*cell) for cell in zip(line, widths, HEADINGS, strict=True)).rstrip() for line in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def results(rows: Iterable[Row]) -> list[dict[str, str | float | None]]:
    """The rows in the shape of `bench/results.json`."""
    return [
        {
            "name": row.name,
            "unit": row.unit,
            "ours": _rounded(row.ours),
            "peer": _rounded(row.peer),
            "limit": _rounded(row.limit),
            "command": row.command,
        }
        for row in rows
    ]


def write_results(rows: Iterable[Row], path: Path) -> None:
    """Replace `path` by the results of this run: figures of different runs are never mixed in one file."""
    path.write_text(json.dumps(results(rows), indent=2) + "\n", encoding="utf-8")


def _cells(row: Row) -> tuple[str, ...]:
    numbers = tuple(_number(value) for value in (row.ours, row.peer, row.limit))
    return (row.name, row.unit, *numbers, row.ratio, str(row.goal or ""), row.command)


def _pad(text: str, width: int, heading: str) -> str:
    return text.rjust(width) if heading in {"ours", "peer", "limit"} else text.ljust(width)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
