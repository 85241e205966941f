"""The folder from which another district's site is built: its content beside this program, what it makes apart."""

from pathlib import Path

from forms.core.problem import Problem
from sitegen.kept_work import SHARED

BESIDE = ("site", "forms", "mkdocs.yml", "locks")
DISTRICTS = Path(".build") / "districts"
KEPT = Path(".build") / "seal"
"""The bundled script that encrypts letters: the same for every district."""


def of(program: Path, content: Path, place: Path | None = None) -> Path:
    """Return a folder like the program's own, with this content in it. Raises Problem where there is none.

    place: where it is made; without one below .build of the program, by the name of the district's folder.
    """
    if not (content / "portal.yml").is_file():
        raise Problem(str(content), "has no portal.yml.", "Name a district's folder, like districts/sundargarh.")
    root = place or program / DISTRICTS / content.resolve().name
    there = root / "content"
    if there.is_symlink() and there.resolve() != content.resolve() and (there.resolve() / "portal.yml").is_file():
        what = f"bears the name of {there.resolve()}: both sites would be published in one place."
        raise Problem(str(content), what, f"Rename one of the folders, or remove {root} if the other has moved.")
    for made in (KEPT, SHARED):
        (program / made).mkdir(parents=True, exist_ok=True)
    try:
        (root / KEPT).parent.mkdir(parents=True, exist_ok=True)
        _lead(root / "content", content.resolve())
        for name in (KEPT, SHARED, *map(Path, BESIDE)):
            _lead(root / name, program / name)
    except OSError as error:
        todo = "Links must be allowed there: on Windows switch developer mode on."
        raise Problem(str(root), f"cannot be made ({error.strerror}).", todo) from None
    return root


def has_neighbours(root: Path) -> bool:
    """Return whether sites of other districts are built beside this one, so that some of its work is made for all."""
    beside = root.parent.glob("*/content/portal.yml")
    return root.parent.parts[-len(DISTRICTS.parts) :] == DISTRICTS.parts and len([*beside]) > 1


def _lead(link: Path, target: Path) -> None:
    """Make a link, or let one that leads elsewhere lead here."""
    if link.is_symlink() and link.resolve() == target.resolve():
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target, target_is_directory=target.is_dir())
