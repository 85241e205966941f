"""Export one case for a court or another office: a zip in an age file, with the SHA-256 of every file in it."""

import hashlib
import io
import zipfile
from collections.abc import Mapping

from forms.core.crypto.encryption import seal_file
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.crypto.keys import MIN_PASSPHRASE_LENGTH, encrypt

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time in the zip file (its earliest): the same documents give the same file, and no time is revealed."""


def encrypt_export(documents: Mapping[str, bytes], to: str) -> bytes:
    """Return the documents (by file name) encrypted to an age recipient ("age1...") or with a passphrase.

    The content is a zip with `SHA256SUMS`, as `sha256sum --check` reads it. Raises Problem if `to` is neither.
    """
    archive = _zip(documents)
    if to.startswith("age1"):
        return seal_file(archive, [to.strip()])
    if len(to) < MIN_PASSPHRASE_LENGTH:
        todo = lazy_gettext(
            "Give the office's age key, or a passphrase of at least %(number)s letters.",
            number=MIN_PASSPHRASE_LENGTH,
        )
        raise Problem("export", "There is no key and no passphrase that is long enough.", todo)
    return encrypt(archive, to)


def hash_list(documents: Mapping[str, bytes]) -> str:
    """Return SHA-256 and name of each document, one a line (the format of coreutils' sha256sum)."""
    return "".join(f"{hashlib.sha256(documents[name]).hexdigest()}  {name}\n" for name in sorted(documents))


def _zip(documents: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*sorted(documents.items()), ("SHA256SUMS", hash_list(documents).encode())]:
            archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
