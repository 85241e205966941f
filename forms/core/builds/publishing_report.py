"""The result of the last attempt to publish: written beside the releases, shown to staff at their desks."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from forms.core.files.durable import write_durably

NAME = "last-update.json"
LARGEST = 20_000
"""Characters of a problem that are kept."""


@dataclass(frozen=True)
class Report:
    """day: of the attempt, like 2027-01-01; problem: what was wrong, in sentences, or empty."""

    day: str
    problem: str


def write(site: Path, report: Report) -> None:
    """Write the result of an attempt. Raises OSError."""
    site.mkdir(parents=True, exist_ok=True)
    short = Report(report.day, report.problem[:LARGEST])
    write_durably(site / NAME, json.dumps(asdict(short), ensure_ascii=False).encode())


def read(site: Path) -> Report | None:
    """Return what came of the last try, or None where there was none that can be read."""
    try:
        found = json.loads((site / NAME).read_bytes())
        return Report(str(found["day"]), str(found["problem"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
