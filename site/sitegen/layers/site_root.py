"""The folder from which another district's site is built: its content, links to this program, its own output."""

from pathlib import Path

from forms.core.problem import Problem
from sitegen.kept_work import SHARED

PROGRAM_FILES = ("site", "forms", "mkdocs.yml", "locks")
DISTRICTS = Path(".build") / "districts"
SCRIPTS = Path(".build") / "seal"
"""Holds the bundled script that encrypts letters, which is the same for every district."""


def of(program: Path, content: Path, place: Path | None = None) -> Path:
    """Return a folder like the program's own with this content in it, made if needed.

    place: that folder; by default one below the program's .build, with the name of the district's folder.
    Raises Problem where `content` is no district's folder, where another district has the name, or without links.
    """
    if not (content / "portal.yml").is_file():
        raise Problem(str(content), "has no portal.yml.", "Name a district's folder, like districts/sundargarh.")
    root = place or program / DISTRICTS / content.resolve().name
    existing = root / "content"
    if (
        existing.is_symlink()
        and existing.resolve() != content.resolve()
        and (existing.resolve() / "portal.yml").is_file()
    ):
        what = f"bears the name of {existing.resolve()}: both sites would be published in one place."
        raise Problem(str(content), what, f"Rename one of the folders, or remove {root} if the other has moved.")
    for folder in (SCRIPTS, SHARED):
        (program / folder).mkdir(parents=True, exist_ok=True)
    try:
        (root / SCRIPTS).parent.mkdir(parents=True, exist_ok=True)
        _link(root / "content", content.resolve())
        for name in (SCRIPTS, SHARED, *map(Path, PROGRAM_FILES)):
            _link(root / name, program / name)
    except OSError as error:
        todo = "Links must be allowed there: on Windows switch developer mode on."
        raise Problem(str(root), f"cannot be made ({error.strerror}).", todo) from None
    return root


def has_neighbours(root: Path) -> bool:
    """Return whether other districts' sites are built beside this one, so that they share some of its work."""
    districts = root.parent.glob("*/content/portal.yml")
    return root.parent.parts[-len(DISTRICTS.parts) :] == DISTRICTS.parts and len([*districts]) > 1


def _link(link: Path, target: Path) -> None:
    """Make a link to a target, replacing one that leads elsewhere."""
    if link.is_symlink() and link.resolve() == target.resolve():
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target, target_is_directory=target.is_dir())
