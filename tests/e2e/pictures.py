"""Pictures of every page of the console, of an invented week: `python -m tests.e2e.pictures docs/pictures`.

They are for the README and the docs; look at them after a change of the pages.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from tests.e2e.browser import chromium, visiting
from tests.servers.keytalk import Keytalk
from tests.servers.operators import add_operator, come_as, signed_in
from tests.waiting import eventually

MONDAY = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

ASKED = (
    ("HMP Risley", "Alex Morgan", "Head of reducing reoffending", "2027-01-12", "Tuesdays, in the afternoon"),
    ("HMP Styal", "Nia Rees", "Activities hub", "2027-01-13", "Wednesdays, in the morning"),
    ("HMP Bullingdon", "Sam Poole", "Head of education", "2027-02-15", "Mondays"),
    ("HMP Drake Hall", "Kit Lowe", "Wellbeing lead", "2027-01-14", "Thursdays, in the morning"),
    ("HMP Berwyn", "Eleri Wyn", "Pennaeth Addysg", "2027-03-02", "Dydd Mawrth"),
)


class Week:
    """An invented week in a running Keytalk: enquiries at several stages, a run that was changed, and a draft."""

    def __init__(self, keytalk: Keytalk) -> None:
        self._keytalk = keytalk
        self._token = (keytalk.home / "ops-token").read_text(encoding="ascii").strip()
        self.references = [self._asked(number, *each) for number, each in enumerate(ASKED)]
        eventually(
            lambda: all(self.ask("enquiries", "get_enquiry", reference=each)["tasks"] for each in self.references), 60
        )
        self.run = self._run()
        self.session = self.run["sessions"][8]["id"]

    def ask(self, service: str, method: str, **arguments: Any) -> Any:
        """Ask a service by the gateway."""
        answer = requests.post(
            f"{self._keytalk.ops_url}/rpc/{service}/{method}",
            json=arguments,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()["result"]

    def _asked(self, number: int, place: str, who: str, role: str, start: str, times: str) -> str:
        answers = {"programme": "many-faces-of-trauma", "establishment": place, "contact_name": who, "group_size": 10}
        answers |= {"contact_role": role, "contact_email": f"contact{number}@example.org", "preferred_start": start}
        answers |= {"preferred_times": times, "message": "We have a quiet room, the same every week."}
        return str(self._keytalk.post(answers, key=f"picture-{number}").json()["reference"])

    def _run(self) -> Any:
        won, moved, draft = self.references[0], self.references[1], self.references[3]
        self.ask("enquiries", "reply_to_enquiry", reference=won, words="Thank you. Tuesday afternoons look well.")
        for stage in ("availability", "suitability", "next_steps"):
            self.ask("enquiries", "move_enquiry", reference=won, to=stage)
        offer = self.ask("enquiries", "make_proposal", reference=won)
        self.ask("enquiries", "send_proposal", proposal_id=offer["id"])
        self.ask("enquiries", "accept_proposal", proposal_id=offer["id"], name="Alex Morgan", role="Head")
        for stage in ("agreement", "won"):
            self.ask("enquiries", "move_enquiry", reference=won, to=stage)
        self.ask("enquiries", "move_enquiry", reference=moved, to="availability")
        self.ask("enquiries", "assign_enquiry", reference=moved, owner="priya")
        people = {each["name"].split()[0]: each["id"] for each in self.ask("scheduling", "list_facilitators")}
        slot = {"start": "2027-01-12", "weekday": "tue", "window": "pm"}
        planned = self.ask("scheduling", "plan_run", enquiry=won, facilitators=[people["Ana"], people["Tom"]], **slot)
        self.ask("scheduling", "confirm_run", run=planned["run"])
        other = {"start": "2027-01-14", "weekday": "thu", "window": "am"}
        self.ask("scheduling", "plan_run", enquiry=draft, facilitators=[people["Ana"], people["Lee"]], **other)
        self.ask("scheduling", "make_memo", run=planned["run"], host="The activities hub")
        for item in ("personal workbooks", "acupuncture needles"):
            self.ask("scheduling", "request_kit", establishment="RSI", items=[item])
        return self.ask("scheduling", "get_run", run=planned["run"])

    def pages(self) -> Iterator[tuple[str, str]]:
        """Give each page's name and address."""
        run, won = self.run["run"], self.references[0]
        yield from (
            ("today", "/today"),
            ("pipeline", "/pipeline"),
            ("enquiry", f"/enquiries/{won}"),
            ("plan", f"/enquiries/{self.references[1]}/run"),
            ("calendar", "/calendar?on=2027-01-12"),
            ("week", "/calendar/week?on=2027-01-12"),
            ("gantt", "/calendar/gantt?on=2027-01-01"),
            ("run", f"/runs/{run}"),
            ("session", f"/runs/{run}/sessions/{self.session}"),
            ("clearances", "/clearances"),
            ("memos", "/memos"),
            ("kit", "/kit?place=RSI"),
            ("messages", "/messages"),
            ("ahead", "/messages/ahead?days=90"),
            ("template", "/templates/enquiry_received"),
            ("preview", "/templates/enquiry_received/look"),
            ("reminders", "/reminders"),
            ("people", "/contacts"),
            ("reports", "/reports?first=2026-01-01&last=2027-12-31"),
            ("health", "/system"),
            ("privacy", "/privacy"),
            ("operators", "/operators"),
            ("account", "/account"),
        )


def take(folder: Path) -> None:
    """Take all pictures: each page on a desk, and three on a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    with Keytalk(demo=True, began_at=MONDAY) as keytalk, chromium() as browser:
        add_operator(keytalk, "priya", "coordinator", "scheduler", "data_protection", "admin")
        week, priya = Week(keytalk), signed_in(keytalk)
        time.sleep(3)  # until the mails of the last change are on their way
        with visiting(browser, viewport=DESK) as page:
            page.goto(f"{keytalk.ops_url}/sign-in")
            page.screenshot(path=folder / "sign-in.png")
            come_as(page, keytalk, priya)
            for name, path in week.pages():
                page.goto(f"{keytalk.ops_url}{path}")
                page.screenshot(path=folder / f"{name}.png")
            page.goto(f"{keytalk.ops_url}/runs/{week.run['run']}/sessions/{week.session}")
            page.get_by_text("Cancel it; its number and all later ones").click()
            page.locator("details[open]").get_by_role("button", name="See what follows").click()
            page.screenshot(path=folder / "diff.png", full_page=True)
        with visiting(browser, viewport=PHONE) as page:
            come_as(page, keytalk, priya)
            for name, path in week.pages():
                if name in {"today", "pipeline", "enquiry"}:
                    page.goto(f"{keytalk.ops_url}{path}")
                    page.screenshot(path=folder / f"{name}-phone.png")


def main() -> int:
    """Take the pictures into a folder."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.pictures", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    take(parser.parse_args().folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
