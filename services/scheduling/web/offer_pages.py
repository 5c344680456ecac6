"""An offer as a page behind its signed link: read it, say yes or no. No cookie, and no script needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, redirect, render_template, url_for
from werkzeug.wrappers import Response

from services.scheduling.domain.words import WEEKDAYS, in_words, listed
from services.scheduling.web.app import PATH
from services.scheduling.web.offer_desk import Desk
from shared.errors import Refused
from shared.web.pages import from_our_page, notice, private

_Letter = Mapping[str, Any]

_UNKNOWN = (
    "This link is not complete",
    "Please open it from our email again, or copy the whole of it: a long link is easily cut in two. If that does not "
    "help, reply to the email, and a person looks into it with you.",
)
_ELSEWHERE = (
    "Nothing was answered",
    "This came from another website. Please open the link in our email, and answer on the page itself.",
)


class OfferPages:
    """The pages of one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def mount(self, app: Flask) -> None:
        """Give `app` the routes of the pages."""
        app.jinja_env.filters.update(day=_day, people=_people)
        app.add_url_rule(f"{PATH}/offers/<token>", "offer", self.show, methods=["GET"])
        app.add_url_rule(f"{PATH}/offers/<token>/accept", "accept_offer", self.accept, methods=["POST"])
        app.add_url_rule(f"{PATH}/offers/<token>/decline", "decline_offer", self.decline, methods=["POST"])

    def show(self, token: str) -> Response:
        """Show the offer with its two buttons, or kindly what became of it. Changes nothing."""
        letter = self._desk.letter(token)
        if letter is None:
            return private(notice(*_UNKNOWN, HTTPStatus.NOT_FOUND))
        until = datetime.fromisoformat(letter["answer_by"]).astimezone(ZoneInfo(letter["zone"]))
        page = render_template(f"offer-{letter['state']}.html", letter=letter, token=token, until=until)
        return private(Response(page, mimetype="text/html"))

    def accept(self, token: str) -> Response:
        """Take a yes; a second one finds the page that says so."""
        return self._take(token, self._desk.accept)

    def decline(self, token: str) -> Response:
        """Take a no, which needs no reason."""
        return self._take(token, self._desk.decline)

    def _take(self, token: str, answer: Callable[[str], None]) -> Response:
        letter = self._desk.letter(token)
        if letter is None:
            return private(notice(*_UNKNOWN, HTTPStatus.NOT_FOUND))
        if not from_our_page(letter["link"]):
            return private(notice(*_ELSEWHERE, HTTPStatus.FORBIDDEN))
        try:
            answer(token)
        except Refused as refused:
            return self._refused(token, refused)
        return redirect(url_for("offer", token=token), 303)

    def _refused(self, token: str, refused: Refused) -> Response:
        """Say why it was not taken, and who to turn to; the rules' own reasons are for the operators alone."""
        letter = self._desk.letter(token)
        words = refused.detail
        if refused.fields or letter is None:
            words = "Something has changed since we asked you, so this cannot be taken just now."
        page = render_template("offer-not-taken.html", letter=letter, words=words, token=token)
        answer = Response(page, refused.status, mimetype="text/html")
        if refused.code == "unavailable":
            answer.headers["Retry-After"] = "5"
        return private(answer)


def _day(iso: str | date) -> str:
    on = date.fromisoformat(iso) if isinstance(iso, str) else iso
    return f"{WEEKDAYS[on.weekday()]} {in_words(on)}"


def _people(names: list[str]) -> str:
    return listed(names)
