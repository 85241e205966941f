"""Two programs may write content/: `update` from its clone, or the staff's office. Only one of them on one machine."""

import json
from pathlib import Path

from forms.core.problem import Problem

OFFICE = Path("var") / "editor" / "office" / "office.json"
"""The accounts of an office (editor/office/state.py), below the folder of a site."""


def clone_in(root: Path) -> Path:
    """Return the path of the bare clone of a site's content."""
    return root / "var" / "content.git"


def require_no_office(root: Path) -> None:
    """Raise Problem where staff write content/ in an office: `update` would overwrite their edits."""
    try:
        has_accounts = bool(json.loads((root / OFFICE).read_bytes())["accounts"])
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        has_accounts = True  # a damaged file means that there is an office
    if has_accounts:
        todo = (
            f"Use one of them. For the office: systemctl disable --now portal-update.timer, and remove {clone_in(root)}"
            ". For what is pushed: end the office, and remove its people (edit office remove)."
        )
        raise Problem("update", "Staff write content/ in this machine's office, and update would write it too.", todo)


def require_no_clone(root: Path) -> None:
    """Raise Problem where `update` writes content/: an office would write it too."""
    if clone_in(root).exists():
        todo = (
            "Use one of them. For the office: systemctl disable --now portal-update.timer portal-update.path, and "
            "remove that folder. For what is pushed: publish with `edit` where the publisher's key is."
        )
        raise Problem(str(clone_in(root)), "is there: update writes content/, and an office would write it too.", todo)
