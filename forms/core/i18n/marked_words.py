"""Find the English words that Python code says to staff at the desk: marked as lazy texts, or parts of a Problem.

A Problem's sentences need no mark of their own where they stand as they are: where, what and todo are words for people
by their place. With a value in them they are `lazy_gettext("... %(name)s ...", name=value)`.
"""

import ast
from collections.abc import Iterator

MARKS = frozenset({"lazy_gettext"})
PLURAL_MARKS = frozenset({"lazy_ngettext"})
WINDOW_MARKS = frozenset({"_", "gettext", "with_markup"})
WINDOW_PLURAL_MARKS = frozenset({"ngettext"})

PROBLEM_CALLS = frozenset({
    "DamagedFile", "Danger", "DeliveryUnknown", "Finding", "NoKey", "NotALetter", "NotForThisDesk", "NotThere",
    "Problem", "RequestRefused", "ServerAway", "TokenUnknown", "UnconfirmedKey", "Unreachable",
})  # fmt: skip
"""Calls whose texts are for people: Problem and its kinds, and what the doctor finds."""

MESSAGE_VARIABLES = frozenset({"lost", "todo", "what", "where"})
"""Variables that hold such a text until it is said."""

Msgid = str | tuple[str, ...]


def python_msgids(source: str, *, is_desk: bool, is_window: bool) -> Iterator[Msgid]:
    """Yield what a module says to staff. is_desk: its Problems count; is_window: `_` is the desk's."""
    marks = MARKS | WINDOW_MARKS if is_window else MARKS
    plurals = PLURAL_MARKS | WINDOW_PLURAL_MARKS if is_window else PLURAL_MARKS
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and called(node) in marks:
            yield from constants(node.args[0]) if node.args else ()
        elif isinstance(node, ast.Call) and called(node) in plurals:
            yield tuple(text for argument in node.args[:2] for text in constants(argument))
        elif is_desk:
            yield from _said(node)


def _said(node: ast.AST) -> Iterator[str]:
    for text in texts_of(node):
        yield from constants(text)


def texts_of(node: ast.AST) -> list[ast.expr]:
    """Return the expressions of a node that are texts for people, by the place where they stand."""
    if isinstance(node, ast.Call) and called(node) in PROBLEM_CALLS:
        return node.args
    if (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in MESSAGE_VARIABLES
    ):
        return [node.value]
    return []


def called(node: ast.Call) -> str:
    """Return the name of what is called."""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def constants(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression can be: a constant, or one of several that a condition chooses."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and any(map(str.isalpha, node.value)):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (text for value in node.values for text in constants(value))
