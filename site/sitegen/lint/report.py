"""The output of `check` in three groups: dangers to people, mistakes, and warnings."""

from collections.abc import Iterator, Sequence

from forms.core.problem import Danger, Problem


def lines(problems: Sequence[Problem], warnings: Sequence[str]) -> Iterator[str]:
    """Yield the lines of each group that is not empty, below a heading with their number."""
    dangers = [str(problem) for problem in problems if isinstance(problem, Danger)]
    others = [str(problem) for problem in problems if not isinstance(problem, Danger)]
    groups = (("This endangers people", dangers), ("This is wrong", others), ("This waits for a person", warnings))
    for heading, messages in groups:
        if messages:
            yield f"{heading} ({len(messages)}):"
            yield from (f"  {message}" for message in dict.fromkeys(messages))
            yield ""


def summary(problems: Sequence[Problem]) -> Problem:
    """Return the problem that ends a check which found something."""
    dangers = sum(isinstance(problem, Danger) for problem in problems)
    danger_part = f", {dangers} of them {'endangers' if dangers == 1 else 'endanger'} people" if dangers else ""
    things = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
    return Problem("check", f"{things} wrong{danger_part}.", "Until that is mended, `build` changes nothing.")
