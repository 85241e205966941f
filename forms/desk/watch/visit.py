"""A visit to the public site: which pages, in which order, and what it showed where it broke off."""

import random
import secrets
from collections.abc import Mapping, Sequence

from forms.core.builds.manifest import ADDRESS, SIGNATURES, BuildManifest
from forms.core.portal import Portal
from forms.core.problem import Problem
from forms.desk.watch.comparison import DRAWN, assets_of
from forms.desk.watch.visitor import Seen, Unreachable, Visitor

TERMS = "/forms/sealed/v1/terms"

_ORDINARY = 3

_CHANCE: random.Random = secrets.SystemRandom()


def route(portal: Portal, known: BuildManifest | None, everything: bool) -> list[str]:
    """Return the addresses to visit, in no order: forms in one language at random, and ordinary pages between."""
    languages = list(portal.language_codes())
    chosen = languages if everything else [_CHANCE.choice(languages)]
    forms = [f"/{language}/{page}/" for language in chosen for page in DRAWN.values()]
    forms += [f"/forms/{language}/{form}" for language in chosen for form in DRAWN]
    if known and known.files:
        forms = [path for path in forms if path.startswith("/forms/") or path in known.files]
    ends = ("/", ".js", ".css") if everything else "/"
    pages = [path for path in known.files if path.endswith(ends)] if known else ["/", f"/{chosen[0]}/"]
    ordinary = pages if everything else _CHANCE.sample(pages, min(_ORDINARY, len(pages)))
    paths = list(dict.fromkeys([*forms, *ordinary]))
    _CHANCE.shuffle(paths)
    return paths


class BrokenOff(Unreachable):
    """The site did not answer any more. seen: what it had shown by then."""

    def __init__(self, seen: Mapping[str, Seen], said: Problem) -> None:
        super().__init__(said.where, said.what, said.todo)
        self.seen = dict(seen)


def visit(visitor: Visitor, paths: Sequence[str]) -> dict[str, Seen]:
    """Visit pages, then what they name, then the terms; the list of the build last. Raises BrokenOff."""
    seen: dict[str, Seen] = {}
    try:
        for path in paths:
            seen[path] = visitor.get(path)
        assets = assets_of(list(seen.values()))
        _CHANCE.shuffle(assets)
        # Nobody but a machine that watches asks for the last two: by now the pages are here.
        for path in (*assets, TERMS, ADDRESS, SIGNATURES):
            seen[path] = visitor.get(path)
    except Unreachable as said:
        raise BrokenOff(seen, said) from None
    return seen
