"""The doctor's checks of this machine: passphrase, file permissions, disk space, the confined decoder, state files."""

import os
import shutil
from collections.abc import Iterator

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.media.decoder_process import missing_layers
from forms.desk.cases import acknowledgement, arrivals
from forms.desk.command_line import command
from forms.desk.crypto import keys
from forms.desk.doctor.colleague_keys import colleagues_file
from forms.desk.doctor.finding import Finding
from forms.desk.session import Session
from forms.desk.sync import date_file, statements

MIN_FREE_BYTES = 500 * 1024 * 1024
"""Bytes that should be free where letters are kept."""


def passphrase(session: Session) -> Iterator[Finding]:
    """Yield whether the key has a passphrase."""
    if keys.has_passphrase(session.place.folder):
        yield Finding(True, "The key stands under a passphrase.")
    else:
        yield Finding(
            False,
            lazy_gettext(
                "The key has no passphrase: for the demonstration only. For real use take another folder: %(command)s",
                command=command("--home FOLDER new-key"),
            ),
        )


def file_permissions(session: Session) -> Iterator[Finding]:
    """Yield whether other users of this machine can read the key."""
    if os.name != "posix":
        return
    names = ("identity.age", "identity.txt", "token.txt")
    for path in (session.place.folder / name for name in names if (session.place.folder / name).exists()):
        others = path.stat().st_mode & 0o077
        if others:
            yield Finding(
                False,
                lazy_gettext("%(path)s can be read by other users of this machine. Run: chmod 600 %(path)s", path=path),
            )
        else:
            yield Finding(True, lazy_gettext("%(name)s is readable by nobody else on this machine.", name=path.name))


def disk_space(session: Session) -> Iterator[Finding]:
    """Yield whether there is enough disk space for letters."""
    free = shutil.disk_usage(session.place.folder).free
    megabytes = free // 1024**2
    if free >= MIN_FREE_BYTES:
        yield Finding(True, lazy_gettext("%(number)s MB are free where letters are kept.", number=megabytes))
    else:
        yield Finding(
            False, lazy_gettext("Only %(number)s MB are free where letters are kept. Make room.", number=megabytes)
        )


def confinement(_: Session) -> Iterator[Finding]:
    """Yield whether the process that decodes hostile photos and recordings is fully confined."""
    missing = missing_layers()
    if not missing:
        yield Finding(True, "Photos and recordings are opened in a process that can reach nothing else.")
    else:
        yield Finding(
            False,
            lazy_gettext(
                "This system lacks %(names)s: a photo made to do harm could reach other files. Open photos and "
                "recordings on a Linux machine (kernel 5.13 or newer), or in a virtual machine of its own.",
                names=", ".join(missing),
            ),
        )


def state_files(session: Session) -> Iterator[Finding]:
    """Yield state files that are or were damaged, and what that lost."""
    folder = session.place.folder
    files = (
        acknowledgement.state_file(folder),
        arrivals.state_file(folder),
        statements.state_file(folder),
        date_file.state_file(folder),
        colleagues_file(folder),
    )
    for file in files:
        yield from (Finding(False, complaint) for complaint in file.complaints())
