"""A visit to the public site: which pages, in which order, and what it showed before an interruption."""

import random
import secrets
from collections.abc import Mapping, Sequence

from forms.core.builds.manifest import ADDRESS, SIGNATURES, BuildManifest
from forms.core.portal import Portal
from forms.core.problem import Problem
from forms.desk.watch.comparison import SERVER_FORMS, assets_of
from forms.desk.watch.visitor import PageResponse, Unreachable, Visitor

TERMS = "/forms/sealed/v1/terms"

_ORDINARY_PAGES = 3

_RANDOM: random.Random = secrets.SystemRandom()


def plan_route(portal: Portal, known: BuildManifest | None, everything: bool) -> list[str]:
    """Return the addresses to visit, in random order: the forms in a random language, among some other pages.

    everything: all languages and all pages, scripts and styles.
    """
    languages = list(portal.language_codes())
    chosen = languages if everything else [_RANDOM.choice(languages)]
    forms = [f"/{language}/{page}/" for language in chosen for page in SERVER_FORMS.values()]
    forms += [f"/forms/{language}/{form}" for language in chosen for form in SERVER_FORMS]
    if known and known.files:
        forms = [path for path in forms if path.startswith("/forms/") or path in known.files]
    suffixes = ("/", ".js", ".css") if everything else "/"
    pages = [path for path in known.files if path.endswith(suffixes)] if known else ["/", f"/{chosen[0]}/"]
    ordinary = pages if everything else _RANDOM.sample(pages, min(_ORDINARY_PAGES, len(pages)))
    paths = list(dict.fromkeys([*forms, *ordinary]))
    _RANDOM.shuffle(paths)
    return paths


class VisitInterrupted(Unreachable):
    """The site stopped answering. responses: those that had come by then."""

    def __init__(self, responses: Mapping[str, PageResponse], problem: Problem) -> None:
        super().__init__(problem.where, problem.what, problem.todo)
        self.responses = dict(responses)


def visit(visitor: Visitor, paths: Sequence[str]) -> dict[str, PageResponse]:
    """Get pages, then the scripts and styles that they load, the terms, and the manifest. Raises VisitInterrupted."""
    responses: dict[str, PageResponse] = {}
    try:
        for path in paths:
            responses[path] = visitor.get(path)
        assets = assets_of(list(responses.values()))
        _RANDOM.shuffle(assets)
        # Only watching machines request the last two: the server must not notice before it has sent the pages.
        for path in (*assets, TERMS, ADDRESS, SIGNATURES):
            responses[path] = visitor.get(path)
    except Unreachable as problem:
        raise VisitInterrupted(responses, problem) from None
    return responses
