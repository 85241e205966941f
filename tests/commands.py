"""The commands of build.py, run in a test's own folder."""

from datetime import date
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from commands.cli.main import portal
from commands.site import Program, Site

ROOT = Path(__file__).parents[1]


def no_node(_folder: Path, purpose: str) -> Path:
    """Refuse to fetch node: the bundles of the tests exist already."""
    raise AssertionError(purpose)


PROGRAM = Program(ROOT / "build.py", ROOT / ".venv", ("server", "desk", "site"), no_node)


def site_in(root: Path, today: date | None = None) -> Site:
    """Return the site in a folder. today: the day of its clock; by default the machine's."""
    return Site(root, PROGRAM, lambda _: today) if today else Site(root, PROGRAM)


def run(site: Site, *arguments: Any) -> Result:
    """Run a command of build.py for a site."""
    return CliRunner().invoke(portal, [str(word) for word in arguments], obj=site)
