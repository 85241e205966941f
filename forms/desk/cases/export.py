"""One case as a file for a court or another office: a zip in an age file, with the SHA-256 of everything in it."""

import hashlib
import io
import zipfile
from collections.abc import Mapping

from forms.core.crypto.encryption import seal_file
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.crypto.keys import LEAST_PASSPHRASE, encrypt

_NEUTRAL = (1980, 1, 1, 0, 0, 0)


def exported(documents: Mapping[str, bytes], to: str) -> bytes:
    """Return these documents (by file name) sealed to an age recipient ("age1...") or under a passphrase.

    Inside is a zip with `SHA256SUMS`, as `sha256sum --check` reads it. Raises Problem where `to` will not do.
    """
    zipped = _zipped(documents)
    if to.startswith("age1"):
        return seal_file(zipped, [to.strip()])
    if len(to) < LEAST_PASSPHRASE:
        todo = lazy_gettext(
            "Give the office's age key, or a passphrase of at least %(number)s letters.",
            number=LEAST_PASSPHRASE,
        )
        raise Problem("export", "There is no key and no passphrase that is long enough.", todo)
    return encrypt(zipped, to)


def hash_list(documents: Mapping[str, bytes]) -> str:
    """Return SHA-256 and name of each document, a line each (coreutils' sha256sum)."""
    return "".join(f"{hashlib.sha256(documents[name]).hexdigest()}  {name}\n" for name in sorted(documents))


def _zipped(documents: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in [*sorted(documents.items()), ("SHA256SUMS", hash_list(documents).encode())]:
            bundle.writestr(zipfile.ZipInfo(name, _NEUTRAL), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()
