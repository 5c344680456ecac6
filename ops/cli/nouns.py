"""The nouns of the `keytalk` command, each loaded when it is asked for: `--help` knows them by their words alone."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

LAST = "Keytalk itself"
"""The heading of what stands below no other."""


LONGEST_SENTENCE = 500
"""Beyond this many characters a first sentence is cut."""


@dataclass(frozen=True)
class Noun:
    """One noun: its name, a sentence on it, and where its commands are.

    `parts` names modules of `ops.cli`, whose `app` is meant, or such a module and another name in it: `cover.offers`.
    """

    name: str
    help: str
    parts: tuple[str, ...]


class Commands(TyperGroup):
    """The commands of a noun, each with its whole first sentence in the help's list."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the help's list."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, first_sentence(each)) for name, each in self.commands.items() if not each.hidden]
            )


class Nouns(TyperGroup):
    """A group whose nouns are known by name, and loaded only when a command of theirs is wanted."""

    panels: ClassVar[Mapping[str, tuple[Noun, ...]]] = {}
    """The nouns below the headings of the help, in its order."""
    placed: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Commands that are no noun's, below headings: those without a noun come first. What is not named comes last."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.others = dict(self.commands)
        nouns = {noun.name: noun for nouns in self.panels.values() for noun in nouns}
        self.commands = _LoadedWhenAsked({**nouns, **self.others})

    def list_commands(self, ctx: Any) -> list[str]:
        """Name everything in the order of the help."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the help's list, a heading above those that belong together."""
        width, words = max(len(name) for name in self.commands), self._in_words()
        for heading, names in self._below_headings().items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), words[name]) for name in names])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Complete a noun from the words on it."""
        from typer._click.shell_completion import CompletionItem  # noqa: PLC0415 - only while something is completed

        fitting = [(name, words) for name, words in self._in_words().items() if name.startswith(incomplete)]
        options = super(TyperGroup, self).shell_complete(ctx, incomplete)
        return [*(CompletionItem(name, help=words) for name, words in fitting), *options]

    def _in_words(self) -> dict[str, str]:
        nouns = {noun.name: noun.help for nouns in self.panels.values() for noun in nouns}
        return nouns | {name: first_sentence(each) for name, each in self.others.items() if not each.hidden}

    def _below_headings(self) -> dict[str, list[str]]:
        shown = [name for name, each in self.others.items() if not each.hidden]
        placed = {heading: [name for name in names if name in shown] for heading, names in self.placed.items()}
        nouns = {heading: [noun.name for noun in nouns] for heading, nouns in self.panels.items()}
        below = {heading: [*nouns.get(heading, ()), *placed.get(heading, ())] for heading in {**placed, **nouns}}
        left = [name for name in shown if not any(name in names for names in placed.values())]
        return {**_first(below, set(placed) - set(nouns)), LAST: [*below.get(LAST, ()), *left]}


def _first(below: dict[str, list[str]], headings: set[str]) -> dict[str, list[str]]:
    return dict(sorted(below.items(), key=lambda pair: pair[0] not in headings))


class _LoadedWhenAsked(MutableMapping[str, Any]):
    """Commands by name: a noun among them becomes its group of commands when it is looked up."""

    def __init__(self, known: dict[str, Any]) -> None:
        self._known = known

    def __getitem__(self, name: str) -> Any:
        found = self._known[name]
        return load(found) if isinstance(found, Noun) else found

    def __setitem__(self, name: str, command: Any) -> None:
        self._known[name] = command

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def first_sentence(command: Any) -> str:
    """Give what a command's help begins with."""
    return str(command.get_short_help_str(LONGEST_SENTENCE))


@cache
def load(noun: Noun) -> TyperGroup:
    """Give the group of commands of a noun."""
    whole = typer.Typer(cls=Commands, name=noun.name, help=noun.help, no_args_is_help=True, rich_markup_mode=None)
    for part in noun.parts:
        module, _dot, name = part.partition(".")
        whole.add_typer(getattr(importlib.import_module(f"ops.cli.{module}"), name or "app"))
    return typer.main.get_group(whole)
