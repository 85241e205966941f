"""Copy a built site into a new release; files that never change are shared by hard links."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forms.core.builds import earlier_assets
from forms.core.files.durable import sync_folder
from forms.core.problem import Problem

_HASHED_FOLDERS = frozenset({"assets", "pictures", "audio"})
"""Folders whose files never change under the same name: releases share them by hard links, with each other and with the
build.
"""


def copy_site(public: Path, target: Path, current: Path | None) -> None:
    """Copy a built site; share the files under hashed names that the release in use has already.

    current: the site in use. Raises Problem for a symbolic link, and where a file cannot be copied.
    """
    for entry in _below(public):
        if entry.is_symlink():
            raise Problem(entry.path, "is a link: what it leads to might not be meant for everybody.", "Remove it.")

    def copy(source: str, copied: str) -> None:
        for same in _linkable_files(source, source.removeprefix(f"{public}{os.sep}"), current):
            with suppress(OSError):  # it is missing, or its disk has no hard links
                os.link(same, copied)
                return
        shutil.copyfile(source, copied)

    try:
        shutil.copytree(public, target, copy_function=copy)
    except shutil.Error as error:  # lists every file that failed
        name, _, reason = error.args[0][0]
        raise Problem(str(name), f"cannot be copied ({reason}).", "Is the disk full?") from None


def _linkable_files(source: str, relative: str, current: Path | None) -> Iterator[str | Path]:
    """Yield the files that may be linked instead of copying `source`: that of the release in use, or the built one.

    Of the build only sound and pictures that belong to this user: another owner could change them later.
    """
    folder = relative.partition(os.sep)[0]
    if folder not in _HASHED_FOLDERS or relative.endswith(earlier_assets.LIST):  # each release writes that list anew
        return
    built = os.stat(source)  # noqa: PTH116 - thousands of them
    if current is not None:
        published = current / relative
        with suppress(OSError):
            if published.stat().st_size == built.st_size:
                yield published
    if folder != earlier_assets.FOLDER and os.name == "posix" and built.st_uid == os.geteuid():
        yield source


def _below(folder: str | Path) -> Iterator["os.DirEntry[str]"]:
    """Yield all files and folders below a folder, by scandir since there are thousands."""
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)


@contextmanager
def new_release_folder(release: Path) -> Iterator[Path]:
    """Yield a folder that gets the name `release` at the end of the block; remove it where the block fails."""
    remove_unfinished(release.parent)
    folder = release.with_name(f"{release.name}.new")
    folder.mkdir(parents=True)
    try:
        yield folder
        folder.chmod(0o755)  # nginx is another user, whatever the umask was
        for entry in _below(folder):
            os.chmod(entry, 0o755 if entry.is_dir() else 0o644)  # noqa: PTH101 - thousands of them
        os.sync()  # the files before the name: else a power cut leaves empty pages in use
        folder.rename(release)
        sync_folder(release.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_unfinished(folder: Path) -> None:
    """Remove the unfinished releases of a program that was killed."""
    for path in folder.glob("*.new"):
        shutil.rmtree(path, ignore_errors=True)
