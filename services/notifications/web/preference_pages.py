"""How somebody wishes to be written to, as a page behind their signed link. No cookie, and no script needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from flask import Flask, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from services.notifications.domain.preferences import Preferences
from services.notifications.sending.wording import time_words
from services.notifications.web.app import PATH
from services.notifications.web.preference_desk import BY_ONE_CLICK, BY_PAGE, PreferenceDesk
from services.notifications.web.preference_form import answers_of, preferences_in, times_for
from shared.errors import Refused
from shared.web.pages import from_our_page, notice, private

_UNKNOWN = (
    "This link is not complete",
    "Please open it from our email again, or copy the whole of it: a long link is easily cut in two. If that does not "
    "help, reply to the email, and a person looks into it with you.",
)
_ELSEWHERE = (
    "Nothing was changed",
    "This came from another website. Please open the link in our email, and choose on the page itself.",
)


class PreferencePages:
    """The pages of one desk."""

    def __init__(self, desk: PreferenceDesk) -> None:
        self._desk = desk

    def mount(self, app: Flask) -> None:
        """Give `app` the routes of the pages."""
        app.jinja_env.filters.update(clock=time_words)
        app.jinja_env.globals.update(ask=self._desk.ask, times_for=times_for)
        app.add_url_rule(f"{PATH}/<token>", "preferences", self.show, methods=["GET"])
        app.add_url_rule(f"{PATH}/<token>", "choose", self.choose, methods=["POST"])
        app.add_url_rule(f"{PATH}/<token>/saved", "saved", self.show_saved, methods=["GET"])
        app.add_url_rule(f"{PATH}/stop/<token>", "one_click", self.ask_to_stop, methods=["GET"])
        app.add_url_rule(f"{PATH}/stop/<token>", "stop", self.stop, methods=["POST"])

    def show(self, token: str) -> Response:
        """Show what is set, as a form. Changes nothing."""
        person = self._desk.links.read(token)
        if person is None:
            return _unknown()
        return _page("preferences.html", token=token, answers=answers_of(self._desk.preferences_of(person)), mends={})

    def choose(self, token: str) -> Response:
        """Keep what was chosen and show it; or show the form again with each mend named."""
        person = self._desk.links.read(token)
        if person is None:
            return _unknown()
        if not from_our_page(self._desk.links.page(person)):
            return private(notice(*_ELSEWHERE, HTTPStatus.FORBIDDEN))
        was = self._desk.preferences_of(person)
        try:
            chosen = preferences_in(was, request.form)
        except Refused as refused:
            return _mended(token, {**answers_of(was), **request.form.to_dict()}, refused)
        if chosen != was:
            self._desk.change(person, chosen, by=BY_PAGE)
        # What it was goes along in the address, so that the page can offer it again without keeping anything.
        return redirect(url_for("saved", token=token, **answers_of(was)), HTTPStatus.SEE_OTHER)

    def show_saved(self, token: str) -> Response:
        """Show what counts now, with a button to have it as it was before. Changes nothing."""
        person = self._desk.links.read(token)
        if person is None:
            return _unknown()
        chosen = self._desk.preferences_of(person)
        return _saved("Saved, thank you", token, chosen, _before(chosen, request.args))

    def ask_to_stop(self, token: str) -> Response:
        """Show a button that stops what can wait. Changes nothing: programs open links to look for harm in them."""
        person = self._desk.links.read_one_click(token)
        if person is None:
            return _unknown()
        is_on = self._desk.preferences_of(person).non_critical
        return _page("preferences-stop.html", token=token, page_token=self._desk.links.token(person), is_on=is_on)

    def stop(self, token: str) -> Response:
        """Stop what can wait, at once and without asking (RFC 8058): a mail program posts here for its reader."""
        person = self._desk.links.read_one_click(token)
        if person is None:
            return _unknown()
        if request.form.get("List-Unsubscribe", "").casefold() != "one-click":
            answer = self.ask_to_stop(token)
            answer.status_code = HTTPStatus.BAD_REQUEST
            return answer
        was = self._desk.preferences_of(person)
        chosen = replace(was, non_critical=False)
        if chosen != was:
            self._desk.change(person, chosen, by=BY_ONE_CLICK)
        page = self._desk.links.token(person)
        return _saved("We no longer send you what can wait", page, chosen, answers_of(was))


def _before(chosen: Preferences, answers: Mapping[str, str]) -> dict[str, str] | None:
    """Give what an address says was chosen before, or None where that cannot be read."""
    try:
        return answers_of(preferences_in(chosen, answers))
    except Refused:
        return None


def _saved(title: str, token: str, chosen: Preferences, before: Mapping[str, str] | None) -> Response:
    undo = before if before != answers_of(chosen) else None
    return _page("preferences-saved.html", title=title, token=token, chosen=answers_of(chosen), undo=undo)


def _mended(token: str, answers: Mapping[str, str], refused: Refused) -> Response:
    mends = {name: " ".join(says) for name, says in refused.fields.items()}
    page = _page("preferences.html", token=token, answers=answers, mends=mends)
    page.status_code = refused.status
    return page


def _unknown() -> Response:
    return private(notice(*_UNKNOWN, HTTPStatus.NOT_FOUND))


def _page(template: str, **told: object) -> Response:
    return private(Response(render_template(template, **told), mimetype="text/html"))
