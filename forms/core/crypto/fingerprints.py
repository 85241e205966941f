"""Fingerprints of keys: short numbers by which people compare what two machines, or a machine and a paper, hold.

Digits, because everybody can read them aloud in any language: 30 of them carry 99 bits, so that nobody can make
another key with the same ones.
"""

import hashlib
import json
from collections.abc import Iterable

from forms.core.portal import Desk, Member

_GROUPS, _GROUP = 6, 5


def fingerprint(*texts: str) -> str:
    """Return six groups of five digits for these texts in this order, like "04711 12345 ..."."""
    digest = hashlib.sha256(json.dumps(["portal fingerprint v1", *texts]).encode()).digest()
    digits = str(int.from_bytes(digest, "big"))[-_GROUPS * _GROUP :].zfill(_GROUPS * _GROUP)
    return " ".join(digits[start : start + _GROUP] for start in range(0, len(digits), _GROUP))


def member_fingerprint(member: Member) -> str:
    """Return the fingerprint of a person's keys: the age key and the signing key."""
    return fingerprint("member", member.id, member.key, member.signing)


def recovery_fingerprint(desk: Desk) -> str:
    """Return the fingerprint of a desk's printed recovery key."""
    return fingerprint("recovery", desk.id, desk.recovery)


def publisher_fingerprint(key: str) -> str:
    """Return the fingerprint of a publisher's key, as it is in portal.yml."""
    return fingerprint("publisher", key)


def desk_fingerprint(desk: Desk) -> str:
    """Return the fingerprint of all keys of a desk: those of its people and its recovery key."""
    people = sorted((member.id, member.key, member.signing) for member in desk.members)
    return fingerprint("desk", desk.id, desk.recovery, *(text for person in people for text in person))


def portal_fingerprint(desks: Iterable[Desk]) -> str:
    """Return one fingerprint for the keys of all desks: two machines that hold the same keys show the same."""
    return fingerprint("portal", *sorted(f"{desk.id} {desk_fingerprint(desk)}" for desk in desks))
