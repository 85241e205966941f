"""Copy a built site into a new release; files that never change are shared by hard links."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forms.core.builds import earlier_assets
from forms.core.files.durable import sync_folder
from forms.core.problem import Problem

_HASHED = frozenset({"assets", "pictures", "audio"})
"""Folders of files that are never changed under the same name: releases share them by hard links, with each other and
with what was built.
"""


def copy_site(public: Path, to: Path, now: Path | None) -> None:
    """Copy a built site; files under hashed names that are in use already are shared.

    Raises Problem for a link, and where a file cannot be copied.
    """
    for entry in _below(public):
        if entry.is_symlink():
            raise Problem(entry.path, "is a link: what it leads to might not be meant for everybody.", "Remove it.")

    def copy(source: str, target: str) -> None:
        for same in _same_files(source, source.removeprefix(f"{public}{os.sep}"), now):
            with suppress(OSError):  # it is not there, or on a disk that has no such links
                os.link(same, target)
                return
        shutil.copyfile(source, target)

    try:
        shutil.copytree(public, to, copy_function=copy)
    except shutil.Error as error:  # of all files, in texts
        name, _, why = error.args[0][0]
        raise Problem(str(name), f"cannot be copied ({why}).", "Is the disk full?") from None


def _same_files(source: str, inside: str, now: Path | None) -> Iterator[str | Path]:
    """Yield files of which a release may be another name instead of a copy: of the release in use, or the one built.

    Of what was built only sound and pictures of this user: its owner could change it later.
    """
    folder = inside.partition(os.sep)[0]
    if folder not in _HASHED or inside.endswith(earlier_assets.LIST):  # each release writes that list anew
        return
    built = os.stat(source)  # noqa: PTH116 - thousands of them
    if now is not None:
        before = now / inside
        with suppress(OSError):
            if before.stat().st_size == built.st_size:
                yield before
    if folder != earlier_assets.FOLDER and os.name == "posix" and built.st_uid == os.geteuid():
        yield source


def _below(folder: str | Path) -> Iterator["os.DirEntry[str]"]:
    """Yield all files and folders below a folder, as the system lists them: there are thousands."""
    with os.scandir(folder) as found:
        for entry in found:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)


@contextmanager
def in_the_making(release: Path) -> Iterator[Path]:
    """Yield a folder that becomes the release when all went well, and goes when not."""
    remove_half_made(release.parent)
    folder = release.with_name(f"{release.name}.new")
    folder.mkdir(parents=True)
    try:
        yield folder
        folder.chmod(0o755)  # whoever shows them is another user, whatever the umask was
        for entry in _below(folder):
            os.chmod(entry, 0o755 if entry.is_dir() else 0o644)  # noqa: PTH101 - thousands of them
        os.sync()  # whole on the disk before its name is: else a power cut leaves empty pages in use
        folder.rename(release)
        sync_folder(release.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_half_made(folder: Path) -> None:
    """Remove what a killed program left of releases."""
    for left in folder.glob("*.new"):
        shutil.rmtree(left, ignore_errors=True)
