"""The form as pages, one question on each: shown, carried from page to page, checked, sent, and the thanks.

Nothing is kept here before it is sent: each page carries the other answers in boxes that are not seen, so the form
works without a cookie, inside another website's frame, and with the database away. A page comes as the answer to a
post, and may be kept by the browser that asked for it, so that its own way back finds it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from services.enquiries.domain.screening import Signs
from services.enquiries.schemas import parse_form
from services.enquiries.web.bodies import read_form
from services.enquiries.web.boxes import (
    NOT_LISTED,
    Places,
    answers_in,
    check_place,
    date_boxes,
    hidden,
    in_words,
    place_boxes,
    strangers_in,
)
from services.enquiries.web.intake import Channel, Intake
from services.enquiries.web.limits import Gate
from services.enquiries.web.problems import note_incident, retry_after
from services.enquiries.web.steps import (
    FIRST,
    LAST,
    STEPS,
    Step,
    first_asking,
    step_after,
    step_before,
    step_named,
)
from services.enquiries.web.tokens import Tokens
from services.enquiries.web.websites import is_welcome, way_back, with_reference
from shared.errors import Refused

Sent = Mapping[str, str]
Problems = Sequence[tuple[str, str]]

FORM_PATH = "/enquire"
CHECK = "check"
_PRESET = ("programme", "establishment", "return_to")


class FormPages:
    """The public pages of one intake."""

    def __init__(self, intake: Intake, gate: Gate) -> None:
        self._intake = intake
        self._gate = gate
        self._tokens = Tokens(intake.secret_keys)

    def mount(self, app: Flask) -> None:
        """Give `app` the routes of the pages."""
        app.add_url_rule("/", "home", lambda: redirect(url_for("form"), 302))
        app.add_url_rule("/enquire", "form", self.begin, methods=["GET"])
        app.add_url_rule("/enquire", "step", self.take_step, methods=["POST"])
        app.add_url_rule("/enquire/send", "send", self.send, methods=["POST"])
        app.add_url_rule("/enquire/from-website", "from_website", self.take_from_website, methods=["POST"])
        app.add_url_rule("/enquire/thank-you", "thanks", self.thank, methods=["GET"])

    def begin(self) -> Response:
        """Show the first page. The address may name a programme, an establishment and where to go afterwards."""
        return self._show(FIRST, {name: request.args.get(name, "") for name in _PRESET})

    def take_step(self) -> Response:
        """Take one page: show the next one, or the same with its mends. Back and Change ask nothing first."""
        sent = read_form(request.environ)
        try:
            self._gate.admit_page(request.environ)
        except Refused as refused:
            return self._show(step_named(sent.get("step")) or FIRST, sent, refused)
        wanted = sent.get("go", "")
        if wanted == CHECK:
            return self._check(sent)
        if to := step_named(wanted):
            return self._show(to, sent)
        step = step_named(sent.get("step"))
        if step is None:
            return self._take_whole(sent, "form")
        try:
            self._look_at(step, sent)
        except Refused as refused:
            return self._show(step, sent, refused)
        following = None if sent.get("checking") else step_after(step)
        return self._show(following, sent) if following else self._check(sent)

    def send(self) -> Response:
        """Take the whole form, as the last page sends it."""
        return self._take_whole(read_form(request.environ), "form")

    def take_from_website(self) -> Response:
        """Take a whole form that another website shows. One that is not on our list has it checked here first."""
        sent = read_form(request.environ)
        ours = (self._intake.public_url, request.host_url.rstrip("/"))
        if is_welcome(request.headers.get("Origin"), (*self._intake.allowed_origins, *ours)):
            return self._take_whole(sent, "website")
        try:
            self._gate.admit_page(request.environ)
        except Refused as refused:
            return self._show_check(sent, refused)
        return self._check(sent)

    def thank(self) -> Response:
        """Show the reference and what happens next."""
        reference = self._tokens.signed_reference(request.args.get("r", ""))
        if reference is None:
            abort(404)
        return Response(render_template("thank-you.html", reference=reference), mimetype="text/html")

    def _take_whole(self, sent: Sent, channel: Channel) -> Response:
        try:
            self._gate.admit_enquiry(request.environ)
            check_place(sent)
            today = self._intake.today()
            answers = parse_form({**answers_in(sent), **strangers_in(sent)}, today)
            self._gate.admit_sender(answers["contact_email"])
            key = self._tokens.form_key(sent.get("form_token", ""), answers, today)
            receipt = self._intake.receive(answers, key, channel, self._signs_of(sent))
        except Refused as refused:
            return self._to_mend(sent, refused)
        if address := self._way_back(sent):
            return redirect(with_reference(address, receipt.reference), 303)
        return redirect(url_for("thanks", r=self._tokens.sign_reference(receipt.reference)), 303)

    def _signs_of(self, sent: Sent) -> Signs:
        return Signs(
            honeypot=bool(sent.get("website", "").strip()),
            seconds=self._tokens.seconds_since_shown(sent.get("form_token", "")),
        )

    def _look_at(self, step: Step, sent: Sent) -> None:
        """Look at the answers of one page alone. Raises `Refused("invalid")`."""
        if "establishment" in step.questions:
            check_place(sent)
        parse_form(answers_in(sent), self._intake.today(), step.questions)

    def _check(self, sent: Sent) -> Response:
        """Show all answers before they are sent, or the first page that still needs a change."""
        try:
            check_place(sent)
            parse_form(answers_in(sent), self._intake.today())
        except Refused as refused:
            return self._to_mend(sent, refused)
        return self._show_check(sent)

    def _to_mend(self, sent: Sent, refused: Refused) -> Response:
        """Show where something needs a change: the first page at fault, or the last where no answer is."""
        step = first_asking(refused.fields)
        return self._show(step, {**sent, "checking": "1"}, refused) if step else self._show_check(sent, refused)

    def _show(self, step: Step, sent: Sent, refused: Refused | None = None) -> Response:
        answers = answers_in(sent)
        mends = {name: " ".join(says) for name, says in (refused.fields if refused else {}).items()}
        shown: dict[str, Any] = {
            "step": step,
            "steps": STEPS,
            "back": CHECK if sent.get("checking") else getattr(step_before(step), "slug", None),
            "answers": answers,
            "mends": mends,
            "hidden": hidden(answers, step.questions),
        }
        if "establishment" in step.questions:
            shown["places"] = places = self._places()
            shown["chosen"], shown["written"] = place_boxes(sent, places)
            shown["not_listed"] = NOT_LISTED
        if "preferred_start" in step.questions:
            shown["start"] = date_boxes(answers["preferred_start"])
        problems = [(name, mends[name]) for name in step.questions if name in mends]
        problems += [("", says) for name, says in mends.items() if name not in answers]
        if refused and not refused.fields:
            problems.append(("", refused.detail))
        return self._page(f"step-{step.slug}.html", sent, refused, problems, shown)

    def _show_check(self, sent: Sent, refused: Refused | None = None) -> Response:
        answers = answers_in(sent)
        shown = {
            "steps": STEPS,
            "back": LAST.slug,
            "told": {name: in_words(name, text) for name, text in answers.items()},
            "hidden": hidden(answers, ()),
        }
        says = [" ".join(each) for each in refused.fields.values()] or [refused.detail] if refused else []
        return self._page("check.html", {**sent, "checking": "1"}, refused, [("", each) for each in says], shown)

    def _page(
        self, template: str, sent: Sent, refused: Refused | None, problems: Problems, shown: Mapping[str, Any]
    ) -> Response:
        token = sent.get("form_token", "")
        text = render_template(
            template,
            token=token if self._tokens.is_form(token) else self._tokens.new_form(),
            checking=bool(sent.get("checking")),
            return_to=self._way_back(sent),
            website=sent.get("website", ""),
            problems=problems,
            **shown,
        )
        page = Response(text, mimetype="text/html", status=refused.status if refused else 200)
        # No shared cache keeps anyone's answers or a token; the browser's own way back still finds them.
        page.headers["Cache-Control"] = "private, no-cache"
        page.headers.extend(retry_after(refused) if refused else [])
        return page

    def _way_back(self, sent: Sent) -> str | None:
        return way_back(sent.get("return_to", ""), self._intake.allowed_origins)

    def _places(self) -> Places:
        try:
            return self._intake.establishments()
        except Exception as error:  # the list is a help; without it people write the name
            note_incident(error, request.method, request.path)
            return []
