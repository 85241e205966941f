"""The files that the editor may touch: pages and tables of content/, by names that lead nowhere else."""

import re
from pathlib import Path

from sitegen.layers.own_files import is_kept_by_windows

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

_NAME = re.compile(r"(?:[a-z0-9][a-z0-9_-]{0,59}/){0,3}[a-z0-9][a-z0-9_-]{0,79}\.md")
"""Lower case only, as `check` requires: no two names differ in case only, and none is special to a system."""

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,39}")


def page_path(content: Path, languages: tuple[str, ...], language: str, name: str) -> Path:
    """Return the path of a page. Raises Problem for a name that is malformed or leads out of its folder."""
    if language not in languages:
        what = _("%(language)s is no language of this site.", language=language[:20])
        raise Problem("language", what, _("Choose one from the list."))
    parts = name.removesuffix(".md").split("/")
    if not _NAME.fullmatch(name) or any(map(is_kept_by_windows, parts)):
        todo = _("Use small letters a to z, digits and hyphens, like stories/the-advance.")
        raise Problem("address", _('"%(name)s" cannot be the address of a page.', name=name[:80]), todo)
    return within(content, content / language / name)


def table_path(content: Path, tables: tuple[str, ...], name: str) -> Path:
    """Return the path of a table. Raises Problem where there is no such table."""
    if name not in tables or not _TABLE.fullmatch(name):
        what = _('"%(name)s" is no table of this site.', name=name[:40])
        raise Problem("table", what, _("Choose one from the list."))
    return within(content, content / "tables" / f"{name}.csv")


def within(content: Path, path: Path) -> Path:
    """Return the path. Raises Problem where a symbolic link is on the way: it may lead to any file of this machine."""
    for step in (path, *path.parents):
        if step == content:
            return path
        if step.is_symlink():
            where = f"content/{step.relative_to(content).as_posix()}"
            raise Problem(where, _("is a link to another place."), _("Put the file itself there."))
    raise Problem("address", _("leads out of content/."), _("Choose a page from the list."))
