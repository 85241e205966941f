"""Clean a letter's photo or recording before it is shown."""

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.media import attachments
from forms.core.problem import Problem
from forms.desk.crypto.decryption import Identities, open_part
from forms.desk.sync.local_store import LocalStore


def clean_part(store: LocalStore, identities: Identities, part_id: str) -> tuple[str, bytes]:
    """Return the media type and the content of a photo or recording, encoded again in a confined process.

    Raises Problem if it is not on this machine, or cannot be shown safely.
    """
    kind, content = open_part(store.read("parts", part_id), identities)
    if kind not in attachments.MAX_FILES:
        raise Problem("part", "It is neither a photo nor a recording.", "Leave it.")
    try:
        clean = attachments.clean(kind, content)
    except attachments.FileRefused as error:
        if error.code == "busy":
            raise Problem("part", "Other photos and recordings are being opened.", "Load the page again.") from None
        todo = "It may be damaged or made to do harm. It stays sealed; export the case if it must be looked at."
        raise Problem("part", lazy_gettext("It cannot be shown safely (%(code)s).", code=error.code), todo) from None
    return clean.media_type, clean.content
