"""Every test that docs/security.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

from ops.gateway.roles import GRANTS, Area, Role

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
AREAS = {
    "enquiries": Area.ENQUIRIES,
    "tasks": Area.TASKS,
    "proposals and agreements": Area.MONEY,
    "organisations, contacts, facilitators": Area.PEOPLE,
    "runs, sessions, establishments": Area.CALENDAR,
    "clearances, memos, kit": Area.CLEARANCES,
    "messages": Area.MESSAGES,
    "templates and reminders": Area.WORDS,
    "erasing and exporting a person": Area.PRIVACY,
    "health, dead letters, jobs": Area.UPKEEP,
    "operators": Area.OPERATORS,
    "audit": Area.AUDIT,
}
ROLES = (Role.COORDINATOR, Role.SCHEDULER, Role.VIEWER, Role.DATA_PROTECTION, Role.ADMIN)


def test_every_test_that_the_page_names_is_there():
    modules = {path.stem: path for path in (ROOT / "tests").rglob("test_*.py")}
    named = re.findall(r"`(test_\w+)::(test_\w+)`", PAGE)

    missing = [
        f"{module}::{test}"
        for module, test in named
        if module not in modules or f"def {test}(" not in modules[module].read_text(encoding="utf-8")
    ]

    assert len(named) > 50
    assert missing == []


def test_the_table_of_roles_on_the_page_is_the_table():
    for words, area in AREAS.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| {words} |"))
        cells = [cell.strip() for cell in row.strip("|").split("|")[1:]]
        assert cells == [GRANTS[role].get(area, "") for role in ROLES], words
