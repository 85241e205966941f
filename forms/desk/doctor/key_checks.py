"""The doctor's checks of keys: this machine's own, those of all desks, and the recovery key."""

from collections.abc import Iterator

from forms.core.i18n.lazy_text import joined, lazy_gettext, lazy_ngettext
from forms.desk.command_line import command
from forms.desk.crypto import key_sheet
from forms.desk.doctor.colleague_keys import known_colleague_keys
from forms.desk.doctor.finding import Finding
from forms.desk.session import Session


def key_in_portal(session: Session) -> Iterator[Finding]:
    """Yield whether new letters are encrypted to this machine's present key."""
    own = [str(identity.to_public()) for identity in session.own_keys.identities]
    published = set(session.keys.own_desk.keys)
    if own[0] in published:
        yield Finding(True, "New letters are sealed to this machine's present key.")
    elif set(own) & published:
        yield Finding(
            False,
            lazy_gettext(
                "New letters are sealed to an older key of this machine. Put key: %(key)s into portal.yml.",
                key=own[0],
            ),
        )
    else:
        yield Finding(
            False,
            lazy_gettext("New letters are not sealed to this machine. Put key: %(key)s into portal.yml.", key=own[0]),
        )


def pinned_keys(session: Session) -> Iterator[Finding]:
    """Yield keys that changed, and whether somebody at this machine has compared the keys."""
    for sheet in key_sheet.key_sheets(session.keys.pinned, session.portal.current.desks):
        if sheet.is_changed:
            refused = lazy_gettext("You refused it. Find out who published it.")
            compare = lazy_gettext("Compare it: %(command)s", command=command("keys"))
            yield Finding(
                False,
                joined(
                    *sheet.sentences,
                    lazy_gettext("Nothing is encrypted to it."),
                    refused if sheet.is_refused else compare,
                ),
            )
    for key in session.keys.pinned.reverted:
        yield Finding(
            False,
            lazy_gettext(
                "%(who)s: the server published another key for a while, and then the old one again. Ask whoever "
                "builds the site whether that was so. To end this notice: %(command)s",
                who=key.who,
                command=command(f"trust {key.who}"),
            ),
        )
    if session.keys.pinned.is_compared:
        yield Finding(True, "The keys of all desks were compared with the printed sheet.")
    else:
        yield Finding(
            False,
            lazy_gettext(
                "Nobody has compared the keys of the desks on this machine. Compare them with the printed sheet: "
                "%(look)s. Then: %(command)s",
                look=command("keys"),
                command=command("trust --all"),
            ),
        )


def signing(session: Session) -> Iterator[Finding]:
    """Yield whether colleagues can verify this machine's entries, and which entries here are not proven."""
    if not session.keys.pinned.present_signing_keys(session.place.desk, session.keys.member) & set(
        session.own_keys.signing_keys
    ):
        yield Finding(
            False,
            lazy_gettext(
                "Colleagues cannot prove what you write here: your signing key is not in portal.yml. Put it under "
                "%(member)s: signing: %(key)s",
                member=session.keys.member,
                key=session.own_keys.signing_keys[0],
            ),
        )
    unproven = session.cases.unproven()
    if unproven:
        yield Finding(
            False,
            lazy_gettext(
                "%(number)s entries of the case log are not proven and change nothing (the first is in case "
                "%(thread)s). Ask those whose names they bear. After a restore: %(command)s",
                command=command("trust --old-entries"),
                number=len(unproven),
                thread=unproven[0].thread[:8],
            ),
        )


def old_keys(session: Session) -> Iterator[Finding]:
    """Yield old keys that are no longer needed."""
    recovery = session.keys.own_desk.recovery
    old = sum(str(identity.to_public()) != recovery for identity in session.own_keys.identities[1:])
    if old and not session.key_retirement.are_old_keys_needed():
        yield Finding(
            True,
            lazy_ngettext(
                "This machine keeps an old key, and nothing here needs it. Forget it: %(command)s",
                "This machine keeps %(count)s old keys, and nothing here needs them. Forget them: %(command)s",
                old,
                command=command("forget-old-keys"),
            ),
        )


def colleagues(session: Session) -> Iterator[Finding]:
    """Yield colleagues with a new key, for whom earlier cases have not been encrypted again by this machine."""
    known = known_colleague_keys(session.place.folder)
    for member in session.keys.own_desk.members:
        if member.id != session.keys.member and known.get(member.id, member.key) != member.key:
            yield Finding(
                False,
                lazy_gettext(
                    "%(who)s has a new key. Seal open cases anew: %(command)s",
                    who=member.id,
                    command=command(f"reseal {member.id}"),
                ),
            )


def recovery(session: Session) -> Iterator[Finding]:
    """Yield what would be lost with this machine."""
    if session.keys.own_desk.recovery:
        local_only = len(session.sharing.on_this_machine_alone())
        yield Finding(not local_only, _loss_sentence(local_only))
    elif len(session.keys.own_desk.members) == 1:
        yield Finding(
            False,
            lazy_gettext(
                "If this machine is lost, its letters are lost. Print a recovery key (%(command)s), or add a second "
                "person to the desk.",
                command=command("recovery-key"),
            ),
        )


def _loss_sentence(local_only: int) -> str:
    """Return a sentence about what would be lost with this machine. local_only: letters that only it has."""
    if local_only:
        return lazy_ngettext(
            "%(count)s letter lies on this machine alone and would be lost with it. Fetch: a copy is sent then.",
            "%(count)s letters lie on this machine alone and would be lost with it. Fetch: copies are sent then.",
            local_only,
        )
    return lazy_gettext(
        "The server keeps all letters for the printed recovery key too: with it a lost machine loses no case."
    )
