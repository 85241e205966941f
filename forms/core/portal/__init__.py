"""The portal: the public data of a district that a build writes into one JSON file for the server and the desks.

So a server that takes letters needs neither MkDocs nor the staff's files.
"""

from forms.core.portal.event import OPEN_STATES, Event
from forms.core.portal.handover import NotAPortal, as_json, parse, read, write
from forms.core.portal.limits import (
    COLUMN_WIDTHS,
    DEFAULT_DAYS,
    DEFAULT_ERASED_DAYS,
    MAX_DAYS,
    MAX_ERASED_DAYS,
    MAX_PLACES,
)
from forms.core.portal.model import Choice, Clip, Desk, Helpline, Language, Member, Portal, Sms, SoundFile
from forms.core.portal.text import Text, pick

__all__ = [
    "COLUMN_WIDTHS",
    "DEFAULT_DAYS",
    "DEFAULT_ERASED_DAYS",
    "MAX_DAYS",
    "MAX_ERASED_DAYS",
    "MAX_PLACES",
    "OPEN_STATES",
    "Choice",
    "Clip",
    "Desk",
    "Event",
    "Helpline",
    "Language",
    "Member",
    "NotAPortal",
    "Portal",
    "Sms",
    "SoundFile",
    "Text",
    "as_json",
    "parse",
    "pick",
    "read",
    "write",
]
