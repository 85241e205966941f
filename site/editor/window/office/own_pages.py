"""A person's own account: its ways to sign in, the end of its sessions, and showing a secret again."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from editor.office import passphrases
from editor.office.office import AccountGone, own, publishing_keys
from editor.office.passkeys import MOST_KEYS
from editor.office.state import OfficeState
from editor.window.current import the_office
from editor.window.home import translate, translated
from editor.window.office.gate import COOKIE, device_of, pages, signed_in
from editor.window.office.sign_in_pages import answered, checked, label, today
from forms.core.crypto.fingerprints import publisher_fingerprint
from forms.core.problem import Problem


def all_pages() -> Blueprint:
    """Return the pages of the way in, and of a person's own account."""
    return pages


_THEN = {"publish": "/publish/", "me": "/me"}


@pages.get("/again")
def again() -> str:
    """Ask for the secret again: somebody else may sit at a screen that was left alone."""
    return _asked_again()


def _asked_again(problem: Problem | None = None) -> str:
    return render_template("office/again.html", account=signed_in().account, then=_then(), problem=problem)


def _then() -> str:
    told = request.values.get("then", "")
    return told if told in _THEN else "me"


@pages.post("/again")
def again_with_passphrase() -> Response | tuple[str, int]:
    """Count this session as fresh after the right passphrase."""
    account = signed_in().account
    try:
        is_right = checked(account.name, account, request.form.get("passphrase", ""), device_of(account))
    except Problem as problem:
        return _asked_again(problem), 429
    if not is_right:
        what, todo = translate("This passphrase is not right."), translate("Look at it, and try again.")
        return _asked_again(Problem("", what, todo)), 400
    with the_office().kept.changing() as state:
        _proved(state)
    return redirect(_THEN[_then()], 303)


def _proved(state: OfficeState) -> None:
    """Note in a state that is being changed that this session has shown a secret. Raises AccountGone if it ended."""
    mine = [one for one in state.sessions if one.hash == signed_in().session.hash]
    if not mine:
        raise AccountGone
    mine[0].proved = the_office().clock()


@pages.post("/again/ask")
def again_ask() -> Response:
    """What a browser needs to show one of this account's passkeys."""
    here = signed_in()
    return jsonify(the_office().passkeys.ask(f"again {here.session.hash}", here.account))


@pages.post("/again/passkey")
def again_with_passkey() -> Response:
    """Count this session as fresh after a passkey."""
    office, here = the_office(), signed_in()

    def act(sent: Mapping[str, Any]) -> Response:
        with office.kept.changing() as state:
            mine = own(state, here.account)
            _, key = office.passkeys.used(sent, f"again {here.session.hash}", [mine])
            mine.passkeys = [key if one.id == key.id else one for one in mine.passkeys]
            _proved(state)
        return jsonify({"to": _THEN[_then()]})

    return answered(act)


@pages.get("/me")
def me() -> str:
    """What a person's account may do, and how they sign in."""
    return _own_page()


def _own_page(problem: Problem | None = None, typed: str = "") -> str:
    account, offer = signed_in().account, typed or passphrases.offered()
    office = the_office()
    number = sum(one.account == account.id for one in office.kept.read().sessions)
    fresh = office.sessions.is_fresh(signed_in().session)
    signs = {
        key.id: publisher_fingerprint(office.passkeys.publisher_key(key)) for key in publishing_keys(office, account)
    }
    return render_template(
        "office/me.html", account=account, offer=offer, problem=problem, sessions=number, fresh=fresh,
        done=request.args.get("done", ""), signs=signs,
    )  # fmt: skip


@pages.post("/me/passphrase")
def new_passphrase() -> Response | tuple[str, int]:
    """Take another passphrase; every other session of this person ends."""
    here, typed = signed_in(), request.form.get("passphrase", "")
    try:
        kept = passphrases.hashed(typed, here.account.name)
    except Problem as problem:
        return _own_page(translated(problem), typed), 400
    with the_office().kept.changing() as state:
        mine = own(state, here.account)
        mine.passphrase, mine.devices = kept, []
        state.sessions = [one for one in state.sessions if one.account != mine.id or one.hash == here.session.hash]
    return redirect("/me?done=passphrase", 303)


@pages.post("/me/passkey/ask")
def new_passkey_ask() -> Response:
    """What a browser needs to make one more passkey."""
    here = signed_in()
    return jsonify(the_office().passkeys.ask_for_new(here.account, f"more {here.session.hash}"))


@pages.post("/me/passkey")
def new_passkey() -> Response:
    """Keep one more passkey."""
    office, here = the_office(), signed_in()

    def act(sent: Mapping[str, Any]) -> Response:
        """Keep one more passkey of the person. Raises Problem where there are as many as allowed."""
        key = office.passkeys.made(sent, f"more {here.session.hash}", today(), label())
        with office.kept.changing() as state:
            mine = own(state, here.account)
            if len(mine.passkeys) >= MOST_KEYS:
                raise Problem(
                    "", translate("There are ten passkeys already."), translate("Remove one that is not used.")
                )
            mine.passkeys = [*mine.passkeys, key]
        return jsonify({"to": "/me?done=passkey"})

    return answered(act)


@pages.post("/me/passkey/forget")
def forget_passkey() -> Response:
    """Let a passkey work no more. Raises Problem where nothing would be left to sign in with."""
    here, id = signed_in(), request.form.get("id", "")
    with the_office().kept.changing() as state:
        mine = own(state, here.account)
        left = [one for one in mine.passkeys if one.id != id]
        if not left and not mine.passphrase:
            todo = translate("Choose a passphrase first, or make another passkey.")
            raise Problem("", translate("You could not sign in any more."), todo)
        mine.passkeys = left
    return redirect("/me?done=forgotten", 303)


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session of this browser."""
    the_office().sessions.end(signed_in().session)
    return _out()


@pages.post("/sign-out/everywhere")
def sign_out_everywhere() -> Response:
    """End every session of this person, on lost phones too."""
    the_office().sessions.end_of(signed_in().account)
    return _out()


def _out() -> Response:
    response = redirect("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
