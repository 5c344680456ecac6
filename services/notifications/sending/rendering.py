"""From a template and facts to the words of a message. The facts may be personal; nothing is kept here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateError, nodes
from jinja2.exceptions import TemplateRuntimeError
from jinja2.sandbox import SandboxedEnvironment

from services.notifications.domain.template_catalogue import CATALOGUE, Audience
from services.notifications.domain.template_language import Part, WordsNotUnderstood
from services.notifications.sending.template_reading import read_words
from services.notifications.sending.wording import FILTERS, told_once

MOST_ROUNDS = 10_000
"""How often all loops of one part of a message go round together: a run has some dozen sessions."""
LONGEST_PART = 200_000
"""Characters of a rendered text or page; the longest letter of ours has a tenth of that."""

# What goes wrong in an expression that asks of a fact what it cannot give.
_LACKS = (TemplateError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class MessageNotRendered(ValueError):
    """The template does not exist, or a fact it needs is missing. Names the template and the lack."""


@dataclass(frozen=True)
class Organisation:
    """Who the messages are from and who answers questions: a name, a monitored address, perhaps a phone.

    `people` is how we name those who live in a prison.
    """

    name: str
    email: str
    phone: str | None = None
    people: str = "people in prison"


@dataclass(frozen=True)
class Rendered:
    """The words of one message; `subject` is a single line."""

    subject: str
    text: str
    html: str


def render(
    template: str, facts: Mapping[str, Any], organisation: Organisation, words: tuple[str, str] | None = None
) -> Rendered:
    """Give the words of a message.

    `facts` are the ledger's facts with what was looked up for the recipient, as `domain/template_catalogue.py` names
    them. `words` are the text and the page of an edited version, in the language of `domain/template_language.py`; None
    for those that come with Keytalk. Raises MessageNotRendered.
    """
    entry = CATALOGUE.get(template)
    if entry is None:
        raise MessageNotRendered(f"there is no template {template!r}")
    try:
        text_words, page = _kept(template) if words is None else _edited(template, words)
        write = Template.render if words is None else _written
        to_ops = entry.audience is Audience.OPS
        known = {**entry.lacking(), **told_once(facts), "organisation": organisation, "is_to_ops": to_ops}
        subject, text = _split(write(text_words, known))
        html = write(page, known | {"subject": subject})
    except _LACKS as error:
        raise MessageNotRendered(f"template {template}: {_lack(error)}") from error
    return Rendered(subject, text, html)


def kept_words(template: str) -> tuple[str, str]:
    """Give the text and the page of a template as they come with Keytalk."""
    return (
        (FOLDER / f"{template}.txt").read_text(encoding="utf-8"),
        (FOLDER / f"{template}.html").read_text(encoding="utf-8"),
    )


def _kept(template: str) -> tuple[Template, Template]:
    return _OURS.get_template(f"{template}.txt"), _OURS.get_template(f"{template}.html")


@lru_cache(maxsize=128)
def _edited(template: str, words: tuple[str, str]) -> tuple[Template, Template]:
    """Read edited words and make templates of them. Raises `WordsNotUnderstood`, a ValueError."""
    text, html = (_made(template, part, source) for part, source in zip(Part, words, strict=True))
    return text, html


def _made(template: str, part: Part, source: str) -> Template:
    read_words(CATALOGUE[template], part, source)
    # The ending of the name has the page escape what it says.
    code = _EDITED.compile(source, f"edited/{template}.{part.suffix}")
    return _EDITED.template_class.from_code(_EDITED, code, {})


def _written(template: Template, known: Mapping[str, Any]) -> str:
    """Write one part of edited words piece by piece, so that one that has no end is left off in time."""
    _rounds.set([MOST_ROUNDS])
    return "".join(_short_of(LONGEST_PART, template.generate(known)))


def _short_of(most: int, pieces: Iterable[str]) -> Iterator[str]:
    left = most
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise TemplateRuntimeError(f"it comes to more than {most} characters")
        yield piece


def _counted(items: Iterable[Any]) -> Iterator[Any]:
    """Give what a loop goes over, until all loops of the part have gone round too often."""
    left = _rounds.get()
    for item in items:
        left[0] -= 1
        if left[0] < 0:
            raise TemplateRuntimeError(f"its loops go round more than {MOST_ROUNDS} times")
        yield item


_rounds: ContextVar[list[int]] = ContextVar("rounds left")


def _split(rendered: str) -> tuple[str, str]:
    first, _, rest = rendered.partition("\n")
    subject = " ".join(first.removeprefix("Subject:").split())
    # Blocks that stay empty leave gaps.
    return subject, re.sub(r"\n{3,}", "\n\n", rest).strip() + "\n"


def _lack(error: Exception) -> str:
    # An undefined name says which; anything else might quote a personal fact.
    return str(error) if isinstance(error, TemplateError | WordsNotUnderstood) else type(error).__name__


class _GuardedEnvironment(SandboxedEnvironment):
    """For edited words: nothing but what a template may touch, and every loop counts its rounds."""

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        for loop in source.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.lineno)
        return super()._generate(source, *args, **kwargs)


_E = TypeVar("_E", bound=Environment)


def _environment(kind: type[_E]) -> _E:
    environment = kind(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.globals.clear()
    filters: Mapping[str, Callable[..., Any]] = {**FILTERS, "counted": _counted}
    environment.filters.update(filters)
    return environment


FOLDER = Path(__file__).parents[1] / "templates"

_OURS = _environment(Environment)
_EDITED = _environment(_GuardedEnvironment)
