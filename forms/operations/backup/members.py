"""Members of a backup as they come out of it: checked, and written where each belongs."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote

from forms.core.files.durable import write_safely
from forms.operations.backup import contents
from forms.operations.backup.archive import ArchiveMember, NotABackup
from forms.operations.backup.contents import DATABASES, SITE, Manifest
from forms.operations.backup.databases import Databases
from forms.operations.backup.opening import Opening, Signed, read
from forms.server.store.rows import write_rows


def require_whole_and_signed(file: IO[bytes], opening: Opening, path: Path) -> bytes:
    """Read a backup to its end and go back to its begin; return its identity. Raises NotABackup.

    What is written into PostgreSQL stays there: it must be known before that it is right.
    """
    signed = Signed(read(file, opening.identities))
    for _ in signed:
        pass
    require_signer(signed, opening, path)
    file.seek(0)
    return signed.digest


def manifest_in(members: Iterator[ArchiveMember], kind: str) -> Manifest:
    """Return the first member as the manifest. Raises NotABackup where the file is of another kind."""
    manifest = contents.read_manifest(expected(members, contents.MANIFEST))
    if manifest.kind != kind:
        raise NotABackup("The file", f"is no {kind} but {manifest.kind}.", "Name the other file.")
    return manifest


def expected(members: Iterator[ArchiveMember], name: str) -> ArchiveMember:
    """Return the next member. Raises NotABackup where it has another name."""
    member = next(members, None)
    if member is None or member.name != name:
        raise NotABackup("The backup", f"holds no {name} where it belongs.", "Take another backup.")
    return member


def take_members(members: Iterator[ArchiveMember], stores: Databases, fresh: Path, release: Path | None) -> int:
    """Write what comes; return the number of rows. A file of an unknown kind is refused."""
    rows = 0
    for kind, some in groupby(members, lambda member: member.name.partition("/")[0]):
        if kind in DATABASES:
            rows += write_rows(stores[kind], ((table_of(member), member.content) for member in some))
        elif kind in {contents.KEY, contents.ENVIRONMENT}:
            write_safely(fresh / kind, next(some).content)
        elif kind in {contents.PORTAL, SITE}:
            _take_site(some, release)
        else:
            raise NotABackup("The backup", "holds a member that no backup has.", "Take another backup.")
    return rows


def table_of(member: ArchiveMember) -> str:
    return member.name.split("/")[1] if member.name.count("/") == 2 else ""  # noqa: PLR2004 - database/table/number


def _take_site(members: Iterable[ArchiveMember], release: Path | None) -> None:
    for member in members:
        path = site_path(member.name)
        if release is not None:
            target = release / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(member.content)


def site_path(name: str) -> PurePosixPath:
    """Return where a file of the release is written, below its folder. Raises NotABackup where it would be outside."""
    path = PurePosixPath(unquote(name))
    inside = PurePosixPath("public", *path.parts[1:]) if path.parts[0] == SITE else path
    odd = path.is_absolute() or ".." in path.parts or "\0" in str(path) or "\\" in str(path)
    if odd or inside == PurePosixPath("public"):
        raise NotABackup("The backup", "holds a file that would be written elsewhere.", "Take another backup.")
    return inside


def require_signer(signed: Signed, opening: Opening, path: Path) -> None:
    """Raise NotABackup where a backup was not signed by the server that the person named."""
    if opening.signer and signed.key != opening.signer:
        todo = "Compare with the line that `portal backup` showed on that server. Do not go on before you know why."
        raise NotABackup(str(path), f"was not made by that server: it is signed by {signed.key}.", todo)
