"""Reads edited words: a walk over Jinja's own syntax tree that lets through only what the language names.

Nothing is run here. The walk keeps what it has seen as a `Reading`, for the lint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from services.notifications.domain import template_language as language
from services.notifications.domain.template_catalogue import TemplateEntry
from services.notifications.domain.template_language import Fault, Part, Reading, WordsNotUnderstood, mark

_GRAMMAR = SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)

_NOT_READ = (
    "This cannot be read. Look here and just before it: each {{ ends with }} and each {% with %}, each block, if and "
    "for has its endblock, endif or endfor, and none of these words is misspelt."
)

Values = list[Any]
"""What a fact may be: samples of it. Empty where nothing is known to be in it."""


def read_words(entry: TemplateEntry, part: Part, source: str) -> Reading:
    """Read one part of the words of a template, or raise `WordsNotUnderstood` with every fault that was found."""
    tree = _parsed(part, source)
    walk = _Walk(entry, part)
    walk.page(tree)
    if walk.faults:
        raise WordsNotUnderstood(part, tuple(walk.faults))
    return walk.reading()


def _parsed(part: Part, source: str) -> nodes.Template:
    if len(source) > language.LONGEST_SOURCE:
        why = f"These are {len(source):,} characters; write at most {language.LONGEST_SOURCE:,}."
        raise WordsNotUnderstood(part, (Fault(1, why),))
    try:
        return _GRAMMAR.parse(source)
    except TemplateSyntaxError as error:
        raise WordsNotUnderstood(part, (Fault(error.lineno, _NOT_READ),)) from None
    except RecursionError:
        raise WordsNotUnderstood(part, (Fault(1, "Brackets or conditions lie too deep in one another."),)) from None


class _Walk:
    """One walk over one part. A fault is noted, and the walk goes on, so that an editor hears of all at once."""

    def __init__(self, entry: TemplateEntry, part: Part) -> None:
        self.faults: list[Fault] = []
        self._entry = entry
        self._part = part
        self._facts = {name: [sample[name] for sample in entry.samples()] for name in entry.names()}
        self._typed = frozenset(each.name for each in entry.placeholders if each.typed)
        self._scopes: list[dict[str, tuple[str, Values]]] = []
        self._imported: set[str] = set()
        self._blocks: dict[str, list[str]] = {}
        self._block = ""
        self._unguarded: list[Fault] = []
        self._depth = 0

    def reading(self) -> Reading:
        """Give what was read."""
        words = {name: "".join(pieces) for name, pieces in self._blocks.items()}
        return Reading(
            part=self._part,
            subject=words.get("subject", ""),
            body=words.get("body", ""),
            quote=words.get("quote", ""),
            unguarded=tuple(self._unguarded),
        )

    def page(self, tree: nodes.Template) -> None:
        """Read a whole part: the layout it fills in, the shared parts it uses, its blocks."""
        first, rest = (tree.body[0], tree.body[1:]) if tree.body else (None, [])
        if not (isinstance(first, nodes.Extends) and _constant(first.template) == self._part.layout):
            line = first.lineno if first else 1
            self._fault(line, f'Begin with {{% extends "{self._part.layout}" %}}: it greets and says whom to ask.')
        for node in rest:
            self._on_the_page(node)
        for name in self._part.blocks:
            if name not in self._blocks:
                self._fault(1, f"There is no {{% block {name} %}}.")

    def _on_the_page(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.FromImport):
            self._import(node)
        elif isinstance(node, nodes.Block):
            self._fill(node)
        elif not isinstance(node, nodes.Output):
            self._not_of_the_language(node)
        elif not _is_blank(node):
            self._fault(node.lineno, f"Words go into a block: {', '.join(self._part.blocks)}.")

    def _import(self, node: nodes.FromImport) -> None:
        names = [name for name in node.names if isinstance(name, str)]
        unknown = [name for name in names if name not in self._part.parts]
        if _constant(node.template) != self._part.shared or node.with_context or len(names) < len(node.names):
            self._fault(
                node.lineno, f'Only the shared parts can be used: {{% from "{self._part.shared}" import ... %}}.'
            )
        elif unknown:
            known = ", ".join(self._part.parts)
            self._fault(node.lineno, f"There is no shared part {', '.join(unknown)}. There are: {known}.")
        self._imported.update(names)

    def _fill(self, block: nodes.Block) -> None:
        if block.name not in self._part.blocks or block.scoped or block.required:
            self._fault(
                block.lineno, f"There is no block {block.name} here. There are: {', '.join(self._part.blocks)}."
            )
            return
        if block.name in self._blocks:
            self._fault(block.lineno, f"The block {block.name} is there already.")
            return
        self._block = block.name
        self._blocks[block.name] = []
        self._statements(block.body, loops=0)

    def _statements(self, body: Iterable[nodes.Node], loops: int) -> None:
        for node in body:
            with self._deeper(node) as well:
                if not well:
                    continue
                if isinstance(node, nodes.Output):
                    for each in node.nodes:
                        self._say(each, loops)
                elif isinstance(node, nodes.If):
                    self._choose(node, loops)
                elif isinstance(node, nodes.For):
                    self._go_over(node, loops)
                else:
                    self._not_of_the_language(node)

    def _choose(self, node: nodes.If, loops: int) -> None:
        self._expression(node.test)
        self._statements(node.body, loops)
        self._statements(node.elif_, loops)
        self._statements(node.else_, loops)

    def _go_over(self, node: nodes.For, loops: int) -> None:
        if node.recursive or node.test is not None or not isinstance(node.target, nodes.Name):
            self._fault(node.lineno, "Write a loop as {% for session in sessions %}, with nothing more in it.")
            return
        if not language.LOOP_NAME.fullmatch(node.target.name) or node.target.name in {*self._facts, *self._part.parts}:
            self._fault(node.lineno, f"Call what the loop goes over something else than '{node.target.name}'.")
            return
        if loops + 1 > language.DEEPEST_LOOPS:
            self._too_many_loops(node)
            return
        lists = [value for value in self._expression(node.iter) if isinstance(value, list | tuple)]
        if not lists:
            self._fault(node.lineno, "A loop goes over a list, such as sessions.")
            return
        origin = next(iter(self._names_in(node.iter)), "")
        self._scopes.append({node.target.name: (origin, [item for each in lists for item in each])})
        self._statements(node.body, loops + 1)
        self._scopes.pop()
        self._statements(node.else_, loops)

    def _say(self, node: nodes.Expr, loops: int) -> None:
        """Read what is written: words as they are, a shared part, or a fact."""
        if isinstance(node, nodes.TemplateData):
            self._write(node.data)
        elif isinstance(node, nodes.Call):
            self._use(node, loops)
        else:
            self._expression(node)
            self._look_for_links(node)
            self._write_expression(node)

    def _use(self, call: nodes.Call, loops: int) -> None:
        """Read the use of a shared part, such as `dates(sessions)`."""
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        if name not in self._imported or name not in self._part.parts:
            self._fault(call.lineno, f"Nothing can be called but the shared parts: {', '.join(self._part.parts)}.")
            return
        if len(call.args) != 1 or call.kwargs or call.dyn_args or call.dyn_kwargs:
            self._fault(call.lineno, f"Give {name} one thing, as in {name}(...).")
            return
        if self._part.parts[name] and loops + 1 > language.DEEPEST_LOOPS:
            self._too_many_loops(call)
            return
        self._expression(call.args[0])
        self._look_for_links(call.args[0])
        if name == "heading":
            self._write("<h2>")
            self._write_expression(call.args[0])
            self._write("</h2>")
        else:
            self._write_expression(call.args[0])

    def _expression(self, node: nodes.Node) -> Values:
        """Read an expression, and give what it may be."""
        with self._deeper(node) as well:
            if not well:
                return []
            reader = _EXPRESSIONS.get(type(node))
            if reader is None:
                self._not_of_the_language(node)
                return []
            return reader(self, node)

    def _constant(self, node: nodes.Const) -> Values:
        value = node.value
        if isinstance(value, str) and len(value) <= language.LONGEST_CONSTANT:
            return [value]
        if value is None or (isinstance(value, int) and abs(value) <= language.LARGEST_NUMBER):
            return [value]
        self._fault(node.lineno, "This number or this word in quotation marks is too long.")
        return []

    def _listed(self, node: nodes.List | nodes.Tuple) -> Values:
        for each in node.items:
            if not isinstance(each, nodes.Const):
                self._fault(node.lineno, "A list has words in quotation marks or numbers only.")
                return []
        return [[value for each in node.items for value in self._expression(each)]]

    def _name(self, node: nodes.Name) -> Values:
        for scope in reversed(self._scopes):
            if node.name in scope:
                return scope[node.name][1]
        if node.name in self._facts:
            return self._facts[node.name]
        if node.name == "loop" and self._scopes:
            return [dict.fromkeys(language.LOOP_WORDS, 1)]
        known = ", ".join(sorted(self._facts))
        self._fault(node.lineno, f"There is no placeholder '{node.name}' here. There are: {known}.")
        return []

    def _part_of(self, node: nodes.Getattr | nodes.Getitem) -> Values:
        name = node.attr if isinstance(node, nodes.Getattr) else _constant(node.arg)
        of = self._expression(node.node)
        if not isinstance(name, str) or name.startswith("_"):
            self._fault(node.lineno, "Ask for a part of a fact by its name, as in session.date.")
            return []
        parts = [value[name] for value in of if isinstance(value, Mapping) and name in value]
        if of and not parts:
            self._fault(node.lineno, f"There is no part '{name}' in this fact.")
        return parts

    def _filtered(self, node: nodes.Filter) -> Values:
        if node.node is None or node.name not in language.FILTERS:
            known = ", ".join(sorted(language.FILTERS))
            self._fault(node.lineno, f"There is no way '{node.name}' to write a fact. There are: {known}.")
            return []
        values = self._expression(node.node)
        if node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) > 1:
            self._fault(node.lineno, f"Give '{node.name}' one thing at most, as in minutes_earlier(60).")
        for each in node.args:
            if isinstance(each, nodes.Const):
                self._expression(each)
            else:
                self._fault(node.lineno, f"Give '{node.name}' a word in quotation marks or a number.")
        if node.name == language.PARAGRAPHS:
            return [[["words"]]]
        return values if node.name in language.LIST_FILTERS else ["words"]

    def _tested(self, node: nodes.Test) -> Values:
        if node.name not in language.TESTS or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self._fault(node.lineno, f"There is no test '{node.name}'. There are: {', '.join(sorted(language.TESTS))}.")
        self._expression(node.node)
        return [True]

    def _compared(self, node: nodes.Compare) -> Values:
        self._expression(node.expr)
        for each in node.ops:
            if each.op not in language.OPERATORS:
                self._not_of_the_language(each)
            self._expression(each.expr)
        return [True]

    def _either(self, node: nodes.And | nodes.Or) -> Values:
        return [*self._expression(node.left), *self._expression(node.right)]

    def _not(self, node: nodes.Not) -> Values:
        self._expression(node.node)
        return [True]

    def _one_or_other(self, node: nodes.CondExpr) -> Values:
        self._expression(node.test)
        other = self._expression(node.expr2) if node.expr2 is not None else []
        return [*self._expression(node.expr1), *other]

    def _look_for_links(self, node: nodes.Expr) -> None:
        """Note every fact that is written here as somebody typed it."""
        if isinstance(node, nodes.Name) and node.name in self._typed:
            why = f"Write {{{{ {node.name} | {language.KEEPS_OUT_LINKS} }}}}: somebody outside may have typed it."
            self._unguarded.append(Fault(node.lineno, why))
        for each in _written_of(node):
            self._look_for_links(each)

    def _write_expression(self, node: nodes.Expr) -> None:
        """Put the words of an expression where they would stand, all that it may say one after another."""
        value = _constant(node)
        if isinstance(value, str):
            self._write(_escaped(value) if self._part is Part.HTML else value)
            return
        branches = list(_written_of(node)) if isinstance(node, nodes.CondExpr | nodes.Or | nodes.And) else []
        for each in branches:
            self._write_expression(each)
        if not branches:
            self._write(mark(next(iter(self._names_in(node)), "")))

    def _names_in(self, node: nodes.Node) -> Iterator[str]:
        """Give the facts that an expression is made of; what a loop goes over counts as the list it is from."""
        found = [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))
        for each in found:
            in_loop = [scope[each.name][0] for scope in reversed(self._scopes) if each.name in scope]
            yield in_loop[0] if in_loop else each.name

    def _write(self, words: str) -> None:
        self._blocks[self._block].append(words)

    @contextmanager
    def _deeper(self, node: nodes.Node) -> Iterator[bool]:
        """Go one step deeper; say whether that is not too deep."""
        self._depth += 1
        if self._depth > language.DEEPEST:
            self._fault(node.lineno, "Brackets or conditions lie too deep in one another.")
        try:
            yield self._depth <= language.DEEPEST
        finally:
            self._depth -= 1

    def _too_many_loops(self, node: nodes.Node) -> None:
        why = f"Loops may lie {language.DEEPEST_LOOPS} deep; a shared part that goes over sessions counts as one."
        self._fault(node.lineno, why)

    def _not_of_the_language(self, node: nodes.Node) -> None:
        kind = type(node).__name__.lower()
        why = f"This ({kind}) cannot be used here. Write words, facts, {{% if %}} and {{% for %}}."
        self._fault(node.lineno, why)

    def _fault(self, line: int, words: str) -> None:
        fault = Fault(line, words)
        if fault not in self.faults:
            self.faults.append(fault)


_EXPRESSIONS: Mapping[type[nodes.Node], Callable[[_Walk, Any], Values]] = {
    nodes.Const: _Walk._constant,
    nodes.List: _Walk._listed,
    nodes.Tuple: _Walk._listed,
    nodes.Name: _Walk._name,
    nodes.Getattr: _Walk._part_of,
    nodes.Getitem: _Walk._part_of,
    nodes.Filter: _Walk._filtered,
    nodes.Test: _Walk._tested,
    nodes.Compare: _Walk._compared,
    nodes.And: _Walk._either,
    nodes.Or: _Walk._either,
    nodes.Not: _Walk._not,
    nodes.CondExpr: _Walk._one_or_other,
}
"""How each kind of expression is read. What has no place here is not of the language."""


def _written_of(node: nodes.Expr) -> Iterator[nodes.Expr]:
    """Give the parts of an expression that may come out as words."""
    if isinstance(node, nodes.CondExpr):
        yield node.expr1
        if node.expr2 is not None:
            yield node.expr2
    elif isinstance(node, nodes.Or | nodes.And):
        yield node.left
        yield node.right
    elif isinstance(node, nodes.Filter) and node.name != language.KEEPS_OUT_LINKS and node.node is not None:
        yield node.node


def _constant(node: nodes.Node | None) -> Any:
    return node.value if isinstance(node, nodes.Const) else None


def _is_blank(node: nodes.Node) -> bool:
    """Say whether a node is nothing but white space between two blocks."""
    return isinstance(node, nodes.Output) and all(
        isinstance(each, nodes.TemplateData) and not each.data.strip() for each in node.nodes
    )


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
