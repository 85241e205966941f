"""A person's own account: passphrase and passkeys, ending sessions, and proving their identity again."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from editor.office import passphrases
from editor.office.office import AccountRemoved, current_account, publishing_keys
from editor.office.passkeys import MAX_PASSKEYS
from editor.office.state import OfficeState
from editor.window.current import the_office
from editor.window.office.gate import COOKIE, device_of, pages, signed_in
from editor.window.office.sign_in_pages import check_passphrase, label, respond_to_script, today
from editor.window.words import translate, translated
from forms.core.crypto.fingerprints import publisher_fingerprint
from forms.core.problem import Problem


def all_pages() -> Blueprint:
    """Return the blueprint with the sign-in pages and those of a person's own account."""
    return pages


_THEN = {"publish": "/publish/", "me": "/me"}


@pages.get("/again")
def again() -> str:
    """Ask for the secret again: somebody else may sit at an unattended screen."""
    return _again_page()


def _again_page(problem: Problem | None = None) -> str:
    return render_template("office/again.html", account=signed_in().account, then=_then(), problem=problem)


def _then() -> str:
    target = request.values.get("then", "")
    return target if target in _THEN else "me"


@pages.post("/again")
def again_with_passphrase() -> Response | tuple[str, int]:
    """Accept the passphrase as a new proof of identity."""
    account = signed_in().account
    try:
        is_right = check_passphrase(account.name, account, request.form.get("passphrase", ""), device_of(account))
    except Problem as problem:
        return _again_page(problem), 429
    if not is_right:
        what, todo = translate("This passphrase is not right."), translate("Look at it, and try again.")
        return _again_page(Problem("", what, todo)), 400
    with the_office().state_store.transaction() as state:
        _note_proof(state)
    return redirect(_THEN[_then()], 303)


def _note_proof(state: OfficeState) -> None:
    """Record a proof of identity in this session. Raises AccountRemoved where the session has ended."""
    sessions = [one for one in state.sessions if one.hash == signed_in().session.hash]
    if not sessions:
        raise AccountRemoved
    sessions[0].proved = the_office().clock()


@pages.post("/again/ask")
def again_ask() -> Response:
    """Return the options to prove the identity with one of this account's passkeys."""
    current = signed_in()
    return jsonify(the_office().passkeys.request_options(f"again {current.session.hash}", current.account))


@pages.post("/again/passkey")
def again_with_passkey() -> Response:
    """Accept a passkey as a new proof of identity."""
    office, current = the_office(), signed_in()

    def act(sent: Mapping[str, Any]) -> Response:
        with office.state_store.transaction() as state:
            account = current_account(state, current.account)
            _, key = office.passkeys.verify_use(sent, f"again {current.session.hash}", [account])
            account.passkeys = [key if one.id == key.id else one for one in account.passkeys]
            _note_proof(state)
        return jsonify({"to": _THEN[_then()]})

    return respond_to_script(act)


@pages.get("/me")
def me() -> str:
    """Show what a person's account may do, and how they sign in."""
    return _own_page()


def _own_page(problem: Problem | None = None, typed: str = "") -> str:
    account, offer = signed_in().account, typed or passphrases.suggest()
    office = the_office()
    session_count = sum(one.account == account.id for one in office.state_store.read().sessions)
    is_fresh = office.sessions.is_fresh(signed_in().session)
    signs = {
        key.id: publisher_fingerprint(office.passkeys.publisher_key(key)) for key in publishing_keys(office, account)
    }
    return render_template(
        "office/me.html", account=account, offer=offer, problem=problem, sessions=session_count, fresh=is_fresh,
        done=request.args.get("done", ""), signs=signs,
    )  # fmt: skip


@pages.post("/me/passphrase")
def new_passphrase() -> Response | tuple[str, int]:
    """Change the passphrase; every other session of this person ends."""
    current, typed = signed_in(), request.form.get("passphrase", "")
    try:
        passphrase_hash = passphrases.hash_passphrase(typed, current.account.name)
    except Problem as problem:
        return _own_page(translated(problem), typed), 400
    with the_office().state_store.transaction() as state:
        account = current_account(state, current.account)
        account.passphrase, account.devices = passphrase_hash, []
        state.sessions = [
            one for one in state.sessions if one.account != account.id or one.hash == current.session.hash
        ]
    return redirect("/me?done=passphrase", 303)


@pages.post("/me/passkey/ask")
def new_passkey_ask() -> Response:
    """Return the options to create one more passkey."""
    current = signed_in()
    return jsonify(the_office().passkeys.creation_options(current.account, f"more {current.session.hash}"))


@pages.post("/me/passkey")
def new_passkey() -> Response:
    """Add a passkey to the account."""
    office, current = the_office(), signed_in()

    def act(sent: Mapping[str, Any]) -> Response:
        """Store the new passkey. Raises Problem where the account has as many as allowed."""
        key = office.passkeys.verify_new(sent, f"more {current.session.hash}", today(), label())
        with office.state_store.transaction() as state:
            account = current_account(state, current.account)
            if len(account.passkeys) >= MAX_PASSKEYS:
                raise Problem(
                    "", translate("There are ten passkeys already."), translate("Remove one that is not used.")
                )
            account.passkeys = [*account.passkeys, key]
        return jsonify({"to": "/me?done=passkey"})

    return respond_to_script(act)


@pages.post("/me/passkey/forget")
def forget_passkey() -> Response:
    """Remove a passkey. Raises Problem where nothing would be left to sign in with."""
    current, id = signed_in(), request.form.get("id", "")
    with the_office().state_store.transaction() as state:
        account = current_account(state, current.account)
        remaining = [one for one in account.passkeys if one.id != id]
        if not remaining and not account.passphrase:
            todo = translate("Choose a passphrase first, or make another passkey.")
            raise Problem("", translate("You could not sign in any more."), todo)
        account.passkeys = remaining
    return redirect("/me?done=forgotten", 303)


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session of this browser."""
    the_office().sessions.end(signed_in().session)
    return _signed_out_response()


@pages.post("/sign-out/everywhere")
def sign_out_everywhere() -> Response:
    """End every session of this person, on lost phones too."""
    the_office().sessions.end_all_of(signed_in().account)
    return _signed_out_response()


def _signed_out_response() -> Response:
    response = redirect("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
