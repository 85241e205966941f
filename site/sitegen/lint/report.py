"""The output of `check`, in groups: dangers to people, then errors, then what a person should look at."""

from collections.abc import Iterator, Sequence

from forms.core.problem import Danger, Problem


def lines(problems: Sequence[Problem], warnings: Sequence[str]) -> Iterator[str]:
    """Yield the lines of each non-empty group, under a heading with its number."""
    dangers = [str(problem) for problem in problems if isinstance(problem, Danger)]
    wrong = [str(problem) for problem in problems if not isinstance(problem, Danger)]
    groups = (("This endangers people", dangers), ("This is wrong", wrong), ("This waits for a person", warnings))
    for heading, found in groups:
        if found:
            yield f"{heading} ({len(found)}):"
            yield from (f"  {one}" for one in dict.fromkeys(found))
            yield ""


def summary(problems: Sequence[Problem]) -> Problem:
    """Return the last sentence of a check that found something."""
    dangers = sum(isinstance(problem, Danger) for problem in problems)
    named = f", {dangers} of them {'endangers' if dangers == 1 else 'endanger'} people" if dangers else ""
    things = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
    return Problem("check", f"{things} wrong{named}.", "Until that is mended, `build` changes nothing.")
