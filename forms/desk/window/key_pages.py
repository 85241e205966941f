"""The page of keys: all desks' keys, the doctor's findings, new passphrases, new keys, a printed recovery key."""

from collections.abc import Callable, Mapping
from typing import Any

import segno
from flask import Blueprint, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from forms.core.crypto.fingerprints import publisher_fingerprint
from forms.core.problem import Problem
from forms.desk.crypto import key_sheet, keys
from forms.desk.doctor.colleague_keys import record_colleague_keys
from forms.desk.doctor.examination import examine
from forms.desk.session import Session
from forms.desk.window import labels
from forms.desk.window.current import current_session
from forms.desk.window.reader import gettext, ngettext

pages = Blueprint("keys", __name__)

Form = Mapping[str, str]


@pages.get("/keys/")
def overview() -> str:
    """Show the desk's members and keys, and the forms of all actions."""
    return _show(current_session())


def _show(session: Session, problem: Problem | None = None, **more: Any) -> str:
    own_keys = {str(identity.to_public()) for identity in session.own_keys.identities}
    return render_template(
        "keys.html",
        here="keys",
        problem=problem,
        desk=session.keys.own_desk,
        own_keys=own_keys,
        member=session.keys.member,
        older=len(session.own_keys.identities) - 1,
        has_passphrase=keys.has_passphrase(session.place.folder),
        least=keys.MIN_PASSPHRASE_LENGTH,
        sheets=key_sheet.key_sheets(session.keys.pinned, session.portal.current.desks),
        desk_numbers=key_sheet.desk_fingerprints(session.keys.pinned),
        all_together=key_sheet.combined_fingerprint(session.keys.pinned),
        compared=session.keys.pinned.is_compared,
        reverted=session.keys.pinned.reverted,
        findings=sorted(examine(session), key=lambda finding: finding.ok),
        unproven=len(session.cases.unproven()) + len(session.cases.unproven_copies()),
        public=more.get("public"),
        other_publishers=set(session.portal.current.publishers) ^ set(session.site_watch.state.publishers),
        publishers=list(map(publisher_fingerprint, session.portal.current.publishers)),
        done=more.get("done", ""),
    )


def _passphrase(session: Session, form: Form) -> str:
    """Change the passphrase. Raises Problem if the two typed ones differ."""
    new = form.get("new", "")
    if new != form.get("again", ""):
        raise Problem("passphrase", "The two are not the same.", "Type the new passphrase twice.")
    keys.change_passphrase(session.place.folder, form.get("old", ""), new)
    return _show(session, done=gettext("The passphrase is changed. Use the new one from now on."))


def _rotate(session: Session, form: Form) -> str:
    old = form.get("old", "") if keys.has_passphrase(session.place.folder) else None
    return _show(
        session, public=session.key_decisions.change_key(old), done=gettext("There is a new key on this machine.")
    )


def _recovery(session: Session, _: Form) -> str:
    """Show a new recovery key once. It is stored nowhere, not even by the browser (no-store)."""
    secret, public = keys.new_recovery_key()
    square = segno.make_qr(secret, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True)
    return render_template(
        "recovery.html",
        here="keys",
        secret=secret,
        public=public,
        square=Markup(square),  # noqa: S704 - made by segno from our own key
        desk=session.keys.own_desk,
    )


def _reseal(session: Session, form: Form) -> str:
    count = session.sharing.reseal(form.get("member", ""))
    record_colleague_keys(session, form.get("member", ""))
    done = ngettext(
        "%(count)s open case is sealed anew for %(who)s.",
        "%(count)s open cases are sealed anew for %(who)s.",
        count,
        who=form.get("member", ""),
    )
    return _show(session, done=done)


def _forget(session: Session, form: Form) -> str:
    """Show what only the old keys decrypt, and delete them after two confirmations."""
    sure, anew = form.get("sure", ""), bool(form.get("anew"))
    session.key_retirement.require_that_new_key_is_known()
    found = session.key_retirement.find_needed()
    if sure != "twice":
        return render_template(
            "forget.html",
            here="keys",
            found=found,
            labels=labels,
            anew=anew,
            again=sure == "once",
            has_passphrase=keys.has_passphrase(session.place.folder),
        )
    passphrase = form.get("old", "") if keys.has_passphrase(session.place.folder) else None
    keys.identities(session.place.folder, lambda: passphrase or "")  # a wrong one raises before any change
    if anew:
        session.key_retirement.seal_anew(found)
    count = session.key_decisions.forget_old_keys(passphrase)
    return _show(
        session, done=gettext("Forgotten: %(number)s. Copies of this machine's folder still have them.", number=count)
    )


def _alarms_seen(session: Session, _: Form) -> str:
    done = gettext(
        "Forgotten: %(number)s. What goes on is said at the next fetch.", number=session.site_watch.dismiss()
    )
    return _show(session, done=done)


def _trust_publishers(session: Session, _: Form) -> str:
    session.site_watch.trust_publishers(session.portal.current)
    session.site_watch.dismiss()
    return _show(session, done=gettext("The publishers' keys that the portal names now are trusted from now on."))


def _trust(session: Session, form: Form) -> str:
    """Accept the changed keys of one person or desk, or all. Raises Problem unless the comparison was confirmed."""
    who = form.get("who", "")
    if form.get("compared") != "yes":
        todo = "Compare the numbers with the printed sheet or on the telephone, tick the box, and press again."
        raise Problem("keys", "You have not said that you compared the numbers.", todo)
    if not who and form.get("all") != "yes":
        raise Problem("keys", "It is not said whose keys are meant.", "Use the buttons of this page.")
    count = session.key_decisions.trust(who, stolen=bool(form.get("stolen")))
    done = gettext("Confirmed for %(who)s: %(number)s.", who=who or gettext("all desks"), number=count)
    return _show(session, done=done)


def _refuse(session: Session, form: Form) -> str:
    """Refuse the changed keys of a person or desk."""
    count = session.key_decisions.refuse(form.get("who", ""))
    return _show(
        session, done=gettext("Refused: %(number)s. This machine goes on with the keys that it knows.", number=count)
    )


def _old_entries(session: Session, form: Form) -> str:
    """Let unproven entries here count, as after a restore. Raises Problem unless that was confirmed."""
    if form.get("sure") != "yes":
        raise Problem("keys", "Nothing was done.", "Look at the entries in their cases, tick the box, and press again.")
    return _show(session, done=gettext("%(number)s count now.", number=session.key_decisions.accept_unsigned()))


ACTIONS: Mapping[str, Callable[[Session, Form], str]] = {
    "passphrase": _passphrase, "rotate": _rotate, "recovery": _recovery, "reseal": _reseal,
    "forget": _forget, "trust": _trust, "refuse": _refuse, "old-entries": _old_entries,
    "alarms-seen": _alarms_seen, "trust-publishers": _trust_publishers,
}  # fmt: skip


@pages.post("/keys/<action>")
def act(action: str) -> str | tuple[str, int]:
    """Carry out an action, and show the page with its result. Raises NotFound for an unknown action."""
    session = current_session()
    if action not in ACTIONS:
        raise NotFound
    try:
        return ACTIONS[action](session, request.form)
    except Problem as problem:
        return _show(session, problem), 400
