"""Lay a built site out for an object store or a static host: each file with its headers, in the order of upload.

Nothing here speaks to a store: the operator's own tool uploads what lies here (docs/deploy.md). Objects that are gone
are named until the folder is laid out anew elsewhere, since a store that was not told keeps showing them.
"""

import gzip
import json
import shutil
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from forms.core.files.folder_swap import swap
from forms.core.problem import Problem
from forms.web.file_types import content_type
from forms.web.headers import EVERYWHERE, FOR_EVER, HASHED, NEVER_KEPT, OVER_TLS, how_long

LISTING = "objects.json"
PLAIN, COMPRESSED = "plain", "gzip"
RULES = "_headers"
"""The file in which Cloudflare Pages and Netlify look for headers."""

_COPIES = frozenset({".br", ".gz"})


@dataclass(frozen=True)
class StoredObject:
    """An object of the store. key: its name there; file: below the folder; headers: of each answer."""

    key: str
    file: str
    headers: Mapping[str, str]


def write(public: Path, folder: Path) -> tuple[int, int]:
    """Lay the site in `public` out in `folder`; return how many objects there are, and how many are gone.

    Raises Problem where the folder holds anything else, or cannot be written; it is then as it was.
    """
    before = _listing(folder)
    fresh = folder.with_name(f"{folder.name}.new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        objects = [_laid_out(public, path, fresh) for path in _in_order(public)]
        (fresh / PLAIN / RULES).write_text("".join(rules(objects)), encoding="utf-8")
        keys = {one.key for one in objects}
        gone = sorted({*before["gone"], *(one["key"] for one in before["objects"])} - keys)
        listing = {"objects": [asdict(one) for one in objects], "gone": gone}
        (fresh / LISTING).write_text(json.dumps(listing, indent=1), encoding="utf-8")
        swap(fresh, folder)
    except OSError as error:
        todo = "Nothing there was changed. Make room, or let this user write there; then again."
        raise Problem(str(folder), f"cannot be written ({error.strerror or type(error).__name__}).", todo) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return len(objects), len(gone)


def _listing(folder: Path) -> dict[str, Any]:
    """Return what was laid out here before. Raises Problem where the folder holds anything else."""
    todo = "Name a new folder: what is in this one would be replaced."
    try:
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return {"objects": [], "gone": []}
        found: dict[str, Any] = json.loads((folder / LISTING).read_text(encoding="utf-8"))
        keys = [*found["gone"], *(one["key"] for one in found["objects"])]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise Problem(
            str(folder), f"holds something else: {LISTING} of an earlier `publish --to` is not there.", todo
        ) from None
    if folder.is_symlink() or not all(isinstance(key, str) for key in keys):
        raise Problem(str(folder), "is a link, or its list is damaged.", todo)
    return found


def _in_order(public: Path) -> Sequence[Path]:
    """Return the files of a site: those first to which others lead, so that no page that is shown lacks one."""
    files = [path for path in public.rglob("*") if path.is_file() and not path.is_symlink()]
    paths = [path for path in files if path.suffix not in _COPIES or not path.with_suffix("").is_file()]
    return sorted(paths, key=lambda path: (not _is_hashed(public, path), path.suffix == ".html", path.as_posix()))


def _is_hashed(public: Path, path: Path) -> bool:
    return path.relative_to(public).parts[0] in HASHED


def _laid_out(public: Path, path: Path, fresh: Path) -> StoredObject:
    """Copy a file, compressed too where the site has a compressed copy; return its object.

    Raises Problem where the copy has other content.
    """
    key = path.relative_to(public).as_posix()
    headers = {
        "Content-Type": content_type(path.name),
        "Cache-Control": how_long(key),
        **EVERYWHERE,
        **OVER_TLS,
    }
    small = path.with_name(f"{path.name}.gz")
    copy_file(path, fresh / PLAIN / key)
    if not small.is_file():
        return StoredObject(key, f"{PLAIN}/{key}", headers)
    if _unpacked(small) != path.read_bytes():
        todo = "Build once more: python3 build.py publish, after build --again"
        raise Problem(f"{key}.gz", "is the copy of something else.", todo)
    copy_file(small, fresh / COMPRESSED / key)
    return StoredObject(key, f"{COMPRESSED}/{key}", {**headers, "Content-Encoding": "gzip"})


def _unpacked(path: Path) -> bytes | None:
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error):
        return None


def copy_file(path: Path, to: Path) -> None:
    """Copy a file into folders that are made. Raises OSError."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)


def rules(objects: Sequence[StoredObject]) -> Iterator[str]:
    """Yield the lines of `_headers`. No two rules give the same header: their values would be joined."""
    yield "/*\n" + "".join(f"  {name}: {value}\n" for name, value in {**EVERYWHERE, **OVER_TLS}.items())
    for folder in HASHED:
        yield f"/{folder}/*\n  Cache-Control: {FOR_EVER}\n"
    forms = {one.key.rsplit("/", 1)[0] for one in objects if one.headers["Cache-Control"] == NEVER_KEPT}
    for folder in sorted(forms):
        yield f"/{folder}/*\n  Cache-Control: {NEVER_KEPT}\n"
