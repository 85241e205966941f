"""The right that each page and form of the office needs. Roles are checked only here.

An endpoint that is not listed is refused. No form changes portal.yml or a role.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from editor.office.state import PUBLISHER, REVIEWER, WRITER, Account


class Right(Enum):
    """What a person may do. OPEN: everybody; SIGNED_IN: every account, with any role."""

    OPEN = "open"
    SIGNED_IN = "signed in"
    WRITE = "write"
    SIGN = "sign"
    TAKE_PACK = "write and sign"
    AGREE = "agree"
    PUBLISH = "publish"


@dataclass(frozen=True)
class Need:
    """What a page needs. language: whether the right is needed for the language in the address.

    fresh: whether the person must have proved their identity a moment ago.
    """

    right: Right
    language: bool = False
    fresh: bool = False


_READ = Need(Right.SIGNED_IN)
_WRITE, _WRITE_LANGUAGE = Need(Right.WRITE), Need(Right.WRITE, language=True)
_PUBLISH = Need(Right.PUBLISH, fresh=True)
_OWN = Need(Right.SIGNED_IN, fresh=True)

NEEDS: Mapping[str, Need] = {
    # Signing in, and a person's own account.
    "static": Need(Right.OPEN),
    "office.sign_in": Need(Right.OPEN),
    "office.with_passphrase": Need(Right.OPEN),
    "office.ask_passkey": Need(Right.OPEN),
    "office.with_passkey": Need(Right.OPEN),
    "office.invited": Need(Right.OPEN),
    "office.accept": Need(Right.OPEN),
    "office.accept_ask": Need(Right.OPEN),
    "office.accept_passkey": Need(Right.OPEN),
    "office.again": _READ,
    "office.again_with_passphrase": _READ,
    "office.again_ask": _READ,
    "office.again_with_passkey": _READ,
    "office.me": _READ,
    "office.sign_out": _READ,
    "office.sign_out_everywhere": _READ,
    "office.new_passphrase": _OWN,
    "office.new_passkey_ask": _OWN,
    "office.new_passkey": _OWN,
    "office.forget_passkey": _OWN,
    "home.language": _READ,
    "shared.static": _READ,
    # Reading, which each account may: all of it is public soon.
    "home.show": _READ,
    "home.wrong": _READ,
    "pages.listed": _READ,
    "pages.edit": _READ,
    "pages.field_script": _READ,
    "preview.show": _READ,
    "preview.look": _READ,
    "preview.seen": _READ,
    "paste.paste": _READ,
    "paste.word": _READ,
    "pictures.listed": _READ,
    "stories.form": _READ,
    "recordings.listed": _READ,
    "recordings.show": _READ,
    "recordings.heard": _READ,
    "tables.listed": _READ,
    "tables.show": _READ,
    "tables.edit": _READ,
    "tables.download": _READ,
    "tables.workbook": _READ,
    "tables.upload": _READ,  # shows what would change, and saves nothing
    "helplines.listed": _READ,
    "translating.languages": _READ,
    "translating.listed": _READ,
    "translating.edit": _READ,
    "texts.show": _READ,
    "reviewing.show": _READ,
    "reviewing.paper": _READ,
    "reviewing.table": _READ,
    "reviewing.look": _READ,  # shows what would change, and saves nothing
    "publishing.show": _READ,
    "publishing.change": _READ,
    "publishing.seen": _READ,
    "approving.listed": _READ,
    "history.listed": _READ,
    "history.show": _READ,
    "history.seen": _READ,
    # Writing. An account that is limited to languages writes their pages, and nothing else.
    "pages.new": _WRITE,
    "pages.save": _WRITE_LANGUAGE,
    "pages.ready": _WRITE_LANGUAGE,
    "stories.new": _WRITE,
    "pictures.add": _WRITE,
    "recordings.add": _WRITE,  # of unlimited accounts: it can write consents
    "tables.save": _WRITE,
    "tables.replace": _WRITE,
    "helplines.called": _WRITE,
    "translating.save": _WRITE_LANGUAGE,
    "translating.throw_away": _WRITE_LANGUAGE,
    "texts.save": _WRITE_LANGUAGE,
    "history.back": _WRITE,
    # Approving other people's words, and publishing.
    "translating.sign": Need(Right.SIGN, language=True),
    "reviewing.take": Need(Right.TAKE_PACK, language=True),
    "approving.agree": Need(Right.AGREE),
    "publishing.publish": _PUBLISH,
    "publishing.undo": _PUBLISH,
    "publishing.both": _PUBLISH,
    "signing.ask": _PUBLISH,
    "signing.sign": _PUBLISH,
    "signing.leave": _PUBLISH,
    # A withdrawal of consent needs no role and no second question.
    "tables.withdraw": _READ,
}


def may(account: Account, right: Right, language: str = "") -> bool:
    """Return whether an account has a right. language: of the texts concerned; "" for all."""
    is_unlimited, roles = not account.languages, set(account.roles)
    has_language = is_unlimited or (language != "" and language in account.languages)
    reviews = REVIEWER in roles and language in account.languages
    return {
        Right.OPEN: True,
        Right.SIGNED_IN: True,
        Right.WRITE: WRITER in roles and has_language,
        Right.SIGN: reviews,
        Right.TAKE_PACK: WRITER in roles and reviews,
        Right.AGREE: bool(roles & {WRITER, PUBLISHER}),
        Right.PUBLISH: PUBLISHER in roles,
    }[right]
