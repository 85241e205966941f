"""Find the English texts in Python code for staff at the desk: marked as lazy texts, or parts of a Problem.

Constant sentences of a Problem need no mark: its arguments where, what and todo are always texts for people. Sentences
with a value are `lazy_gettext("... %(name)s ...", name=value)`.
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
"""Names of calls whose arguments are texts for people: Problem and its subclasses, and findings of the doctor."""

MESSAGE_VARIABLES = frozenset({"lost", "todo", "what", "where"})
"""Names of variables that hold such a text before it is passed on."""

Msgid = str | tuple[str, ...]


def python_msgids(source: str, *, is_desk: bool, is_window: bool) -> Iterator[Msgid]:
    """Yield the texts of a module for staff. is_desk: include its Problems; is_window: `_` marks texts of the desk."""
    marks = MARKS | WINDOW_MARKS if is_window else MARKS
    plurals = PLURAL_MARKS | WINDOW_PLURAL_MARKS if is_window else PLURAL_MARKS
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and called_name(node) in marks:
            yield from constants(node.args[0]) if node.args else ()
        elif isinstance(node, ast.Call) and called_name(node) in plurals:
            yield tuple(text for argument in node.args[:2] for text in constants(argument))
        elif is_desk:
            yield from _message_texts(node)


def _message_texts(node: ast.AST) -> Iterator[str]:
    for text in texts_of(node):
        yield from constants(text)


def texts_of(node: ast.AST) -> list[ast.expr]:
    """Return the expressions of a node that are texts for people because of their position."""
    if isinstance(node, ast.Call) and called_name(node) in PROBLEM_CALLS:
        return node.args
    if (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in MESSAGE_VARIABLES
    ):
        return [node.value]
    return []


def called_name(node: ast.Call) -> str:
    """Return the name of the called function or class."""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def constants(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression can have: a constant, or the constants that a condition chooses from."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and any(map(str.isalpha, node.value)):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (text for value in node.values for text in constants(value))
