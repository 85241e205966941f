"""The result of the last attempt to publish: written beside the releases, shown to staff at their desks."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from forms.core.files.durable import write_durably
from forms.core.problem import Problem, Problems

NAME = "last-update.json"
BUILT_COMMIT = "taken.json"
"""In a published site: the commit that it was built from. Staff see by it that the server has published their push."""

MAX_LENGTH = 20_000
"""Characters of a problem that are kept."""


class AttemptRestarted(BaseException):
    """Raised if an attempt ends before it changes anything and starts again at once: there is no result yet."""


@dataclass(frozen=True)
class PublishingReport:
    """The result of an attempt. day: like 2027-01-01; problem: what was wrong, in sentences, or empty."""

    day: str
    problem: str


def write(site: Path, report: PublishingReport) -> None:
    """Write the result of an attempt. Raises OSError."""
    site.mkdir(parents=True, exist_ok=True)
    shortened = PublishingReport(report.day, report.problem[:MAX_LENGTH])
    write_durably(site / NAME, json.dumps(asdict(shortened), ensure_ascii=False).encode())


@contextmanager
def record_outcome(site: Path, day: date) -> Iterator[None]:
    """Write the outcome of the block for staff and `status`: no problem, a problem, or an interruption.

    Raises what the block raises. Writes nothing after AttemptRestarted.
    """
    problem: str | None = "It was cut short."
    try:
        yield
        problem = ""
    except AttemptRestarted:
        problem = None
        raise
    except (Problem, Problems) as error:
        problem = str(error)
        raise
    except Exception as error:
        problem = f"A fault of the program: {type(error).__name__}."
        raise
    finally:
        if problem is not None:
            with suppress(OSError) if problem else nullcontext():  # a full disk hides no other fault
                write(site, PublishingReport(day.isoformat(), problem))


def read(site: Path) -> PublishingReport | None:
    """Return the report of the last attempt, or None if there is none that can be read."""
    try:
        values = json.loads((site / NAME).read_bytes())
        return PublishingReport(str(values["day"]), str(values["problem"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_built_commit(public: Path, commit: str) -> None:
    """Write beside a published site's pages which commit it was built from. Raises OSError."""
    data = json.dumps({"commit": commit}).encode()
    path = public / BUILT_COMMIT
    if not path.is_file() or path.read_bytes() != data:
        write_durably(path, data)


def built_commit(data: bytes) -> str:
    """Return the commit that a site was built from, by its own account; "" if this cannot be read."""
    try:
        commit = json.loads(data)["commit"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return commit if isinstance(commit, str) and re.fullmatch(r"[0-9a-f]{40}", commit) else ""
