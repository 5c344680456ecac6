"""A proposal as pages behind its signed link: read it, keep it as a PDF, say yes. No cookie, and no script needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from services.enquiries.commitment_schemas import ACCEPTANCE_QUESTIONS, parse_acceptance, parse_declining
from services.enquiries.documents.wording import day_in_words, how_many
from services.enquiries.domain.catalogue import pounds
from services.enquiries.domain.proposals import ProposalState
from services.enquiries.web.bodies import read_form
from services.enquiries.web.proposal_desk import Desk
from shared.errors import Refused

_Letter = Mapping[str, Any]

_UNKNOWN = "This link is not complete"
_UNKNOWN_WORDS = (
    "Please open it from our email again, or copy the whole of it: a long link is easily cut in two. If that does not "
    "help, reply to the email, and a person sends you a new one."
)
_ENDED: Mapping[ProposalState, tuple[str, str]] = {
    ProposalState.DRAFT: ("This proposal is not ready yet", "We are still working on it, and write to you when it is."),
    ProposalState.DECLINED: (
        "This proposal is closed",
        "Thank you for telling us that it does not fit. There is nothing more that you need to do. If something "
        "changes, we are glad to make you a new one.",
    ),
    ProposalState.EXPIRED: (
        "The time for this proposal is over",
        "It could be accepted until {valid_until}. Nothing is lost: if you are still interested, ask us for a new one.",
    ),
    ProposalState.SUPERSEDED: (
        "There is a newer version",
        "We have made a new version of this proposal. You find its link in our latest email. If you have not had one, "
        "it is on its way, or we would be glad to hear from you.",
    ),
    ProposalState.WITHDRAWN: (
        "This proposal was withdrawn",
        "We have taken it back for now. We are glad to tell you why, and to see what else could work.",
    ),
}


class ProposalPages:
    """The pages of one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def mount(self, app: Flask) -> None:
        """Give `app` the routes of the pages."""
        app.jinja_env.filters.update(pounds=pounds, day=day_in_words, how_many=how_many)
        app.add_url_rule("/proposals/<token>", "proposal", self.show, methods=["GET"])
        app.add_url_rule("/proposals/<token>", "accept_proposal", self.accept, methods=["POST"])
        app.add_url_rule("/proposals/<token>/no", "decline_proposal", self.decline, methods=["POST"])
        app.add_url_rule("/proposals/<token>/proposal.pdf", "proposal_paper", self.paper, methods=["GET"])

    def show(self, token: str) -> Response:
        """Show the proposal, or that it was accepted, or kindly why it is closed."""
        letter = self._desk.letter(token)
        if letter is None:
            return _closed(_UNKNOWN, _UNKNOWN_WORDS, status=HTTPStatus.NOT_FOUND)
        state = ProposalState(letter["state"])
        if state is ProposalState.SENT:
            return _page("proposal.html", letter=letter, token=token, answers={}, mends={}, problems=[])
        if state is ProposalState.ACCEPTED:
            return _page("proposal-accepted.html", letter=letter, token=token)
        title, words = _ENDED[state]
        return _closed(title, words.format(valid_until=day_in_words(letter["valid_until"])), letter)

    def accept(self, token: str) -> Response:
        """Take a yes; or show the page again with each mend named, or why it is closed."""
        return self._take(token, ACCEPTANCE_QUESTIONS, self._accept)

    def decline(self, token: str) -> Response:
        """Take a no, with or without a reason."""
        return self._take(token, ("reason",), self._decline)

    def _accept(self, token: str, said: Mapping[str, str]) -> None:
        self._desk.accept(token, parse_acceptance(said, self._desk.today()))

    def _decline(self, token: str, said: Mapping[str, str]) -> None:
        self._desk.decline(token, parse_declining(said, self._desk.today()))

    def _take(self, token: str, questions: Sequence[str], take: Callable[[str, Mapping[str, str]], None]) -> Response:
        letter = self._desk.letter(token)
        if letter is None or not _from_our_page(letter):
            return self._not_taken(letter)
        sent = read_form(request.environ)
        # Browsers send every line break as two characters; the limit counts what the person typed.
        said = {name: sent[name].replace("\r\n", "\n") for name in questions if name in sent}
        try:
            take(token, said)
        except Refused as refused:
            return self._refused(token, letter, said, refused)
        return redirect(url_for("proposal", token=token), 303)

    def paper(self, token: str) -> Response:
        """Give the PDF to keep or to sign."""
        letter = self._desk.letter(token)
        if letter is None or letter["state"] not in (ProposalState.SENT, ProposalState.ACCEPTED):
            return self.show(token)
        try:
            pdf = self._desk.paper(letter)
        except Refused as refused:
            return _closed("Not just now", refused.detail, letter, HTTPStatus(refused.status))
        name = f"proposal-{letter['reference']}-version-{letter['version']}.pdf"
        answer = Response(pdf, mimetype="application/pdf")
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return _private(answer)

    def _refused(self, token: str, letter: _Letter, said: Mapping[str, str], refused: Refused) -> Response:
        if refused.code == "invalid":
            mends = {name: " ".join(says) for name, says in refused.fields.items()}
            problems = [(name, mends[name]) for name in (*ACCEPTANCE_QUESTIONS, "reason") if name in mends]
            page = _page("proposal.html", letter=letter, token=token, answers=said, mends=mends, problems=problems)
            page.status_code = refused.status
            return page
        if refused.code == "unavailable":
            return _closed("Not just now", refused.detail, letter, HTTPStatus.SERVICE_UNAVAILABLE)
        # It came to its end while somebody read it: the page says how.
        page = self.show(token)
        page.status_code = refused.status
        return page

    def _not_taken(self, letter: _Letter | None) -> Response:
        if letter is None:
            return _closed(_UNKNOWN, _UNKNOWN_WORDS, status=HTTPStatus.NOT_FOUND)
        words = "This came from another website. Please open the link in our email, and say yes on the page itself."
        return _closed("Nothing was agreed", words, letter, HTTPStatus.FORBIDDEN)


def _from_our_page(letter: _Letter) -> bool:
    """Say whether a post comes from our own page; an old browser that does not say counts as yes.

    The link itself is the secret. This keeps a page of somebody who holds it from agreeing in another's browser.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    ours = (request.host, urlsplit(letter["link"] or "").netloc)
    return origin is None or urlsplit(origin).netloc in ours


def _closed(title: str, words: str, letter: _Letter | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    page = _page("proposal-closed.html", title=title, words=words, letter=letter)
    page.status_code = status
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        page.headers["Retry-After"] = "5"
    return page


def _page(template: str, **told: Any) -> Response:
    return _private(Response(render_template(template, **told), mimetype="text/html"))


def _private(answer: Response) -> Response:
    """Keep a page out of caches, search engines and other people's frames, and its address out of their logs."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Content-Security-Policy"] = (
        "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    return answer
