"""Signing in to the office: with a passkey, with a passphrase (also without JavaScript), or with an invitation."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import g, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from editor.office import accounts, passphrases, sessions
from editor.office.office import AccountRemoved, current_account
from editor.office.passphrases import Wait
from editor.office.state import Account, OfficeState
from editor.window.current import the_office
from editor.window.office.gate import device_of, pages, with_cookies
from editor.window.words import translate, translated
from forms.core.problem import Problem

SIGN_IN, ACCEPT = "sign in", "accept"
MAX_LABEL_LENGTH = 40


@pages.get("/sign-in")
def sign_in() -> Response | str:
    """Show the sign-in form."""
    return redirect("/", 303) if g.signed_in else _sign_in_page()


def _sign_in_page(problem: Problem | None = None, name: str = "") -> str:
    return render_template("office/sign-in.html", problem=problem, name=name)


@pages.post("/sign-in")
def with_passphrase() -> Response | tuple[str, int]:
    """Sign in by name and passphrase. An unknown name gets the same response as a wrong passphrase.

    Raises AccountRemoved where the passphrase has changed meanwhile.
    """
    office, name = the_office(), request.form.get("name", "")[: accounts.MAX_NAME_LENGTH]
    account = office.accounts.find(name)
    device = device_of(account)
    try:
        is_right = check_passphrase(name, account, request.form.get("passphrase", ""), device)
    except Problem as problem:
        return _sign_in_page(problem, name), 429
    if account is None or not is_right:
        what, todo = translate("Name or passphrase is not right."), translate("Look at both, and try again.")
        return _sign_in_page(Problem("", what, todo), name), 400
    with office.state_store.transaction() as state:
        current = current_account(state, account)
        if current.passphrase != account.passphrase:
            raise AccountRemoved  # a reset ended it in this moment
        return _start_session(state, current, known=bool(device))


def check_passphrase(name: str, account: Account | None, passphrase: str, device: str) -> bool:
    """Return whether the passphrase of an account is right. Raises Problem where the next try must wait."""
    office = the_office()
    try:
        office.guess_limiter.begin(name, device)
    except Wait as wait:
        what = translate("There were too many tries. Wait %(seconds)s seconds.") % {"seconds": wait.seconds}
        raise Problem("", what, translate("Then try again; a passkey works at once.")) from None
    is_right = passphrases.verify(passphrase, account.passphrase if account else "")
    if is_right:
        office.guess_limiter.reset(name, device)
    return is_right


def _start_session(state: OfficeState, account: Account, *, known: bool) -> Response:
    """Start a session, and redirect to the first page."""
    device = "" if known else sessions.new_device(account)
    return _signed_in(redirect("/", 303), the_office().sessions.begin(state, account), device)


def _signed_in(response: Response, secret: str, device: str) -> Response:
    return with_cookies(response, secret, device)


def respond_to_script(act: Callable[[Mapping[str, Any]], Response]) -> Response:
    """Call `act` with the browser's response of WebAuthn; return its result, or the problem as JSON."""
    try:
        sent = json.loads(request.form.get("answer", ""))
    except (ValueError, RecursionError):
        return jsonify({"problem": translate("Something went wrong.")})
    return script_response(lambda: act(sent if isinstance(sent, dict) else {}))


def script_response(act: Callable[[], Response]) -> Response:
    """Return the result of `act`, or the problem as JSON."""
    try:
        return act()
    except ValueError:
        return jsonify({"problem": translate("Something went wrong.")})
    except Problem as problem:
        message = translated(problem)
        return jsonify({"problem": f"{message.what} {message.todo}"})


@pages.post("/sign-in/ask")
def ask_passkey() -> Response:
    """Return the options to sign in with any passkey for this office: no name is needed or shown."""
    return jsonify(the_office().passkeys.request_options(SIGN_IN))


@pages.post("/sign-in/passkey")
def with_passkey() -> Response:
    """Sign in with a passkey."""
    office = the_office()

    def act(sent: Mapping[str, Any]) -> Response:
        with office.state_store.transaction() as state:
            account, key = office.passkeys.verify_use(sent, SIGN_IN, state.accounts)
            account.passkeys = [key if one.id == key.id else one for one in account.passkeys]
            device = "" if device_of(account) else sessions.new_device(account)
            return _signed_in(jsonify({"to": "/"}), office.sessions.begin(state, account), device)

    return respond_to_script(act)


def _invited_account(token: str) -> Account:
    """Return the account of an invitation. Raises Problem where it is used, expired or unknown."""
    account = the_office().accounts.invited(token)
    if account is None:
        what = translate("This invitation was used already, or is too old.")
        raise Problem("", what, translate("Ask whoever runs the office’s machine for a new one."))
    return account


@pages.get("/invited/<token>")
def invited(token: str) -> str:
    """Show who is invited, and ask for a passphrase or passkey. It stays open: mail programs open links too."""
    return _welcome(token, _invited_account(token))


def _welcome(token: str, account: Account, problem: Problem | None = None, typed: str = "") -> str:
    offer = typed or passphrases.suggest()
    return render_template("office/invited.html", invitation=token, account=account, offer=offer, problem=problem)


@pages.post("/invited/<token>")
def accept(token: str) -> Response | tuple[str, int]:
    """Accept an invitation with a passphrase, and sign in."""
    office, account, passphrase = the_office(), _invited_account(token), request.form.get("passphrase", "")
    try:
        passphrase_hash = passphrases.hash_passphrase(passphrase, account.name)
    except Problem as problem:
        return _welcome(token, account, translated(problem), passphrase), 400
    with office.state_store.transaction() as state:
        account = accounts.accept_invitation(state, token, office.clock())
        account.passphrase = passphrase_hash
        return _start_session(state, account, known=False)


@pages.post("/invited/<token>/ask")
def accept_ask(token: str) -> Response:
    """Return the options to create a passkey for the invited person."""
    return jsonify(the_office().passkeys.creation_options(_invited_account(token), f"{ACCEPT} {token}"))


@pages.post("/invited/<token>/passkey")
def accept_passkey(token: str) -> Response:
    """Accept an invitation with a passkey, and sign in."""
    office = the_office()

    def act(sent: Mapping[str, Any]) -> Response:
        key = office.passkeys.verify_new(sent, f"{ACCEPT} {token}", today(), label())
        with office.state_store.transaction() as state:
            account = accounts.accept_invitation(state, token, office.clock())
            account.passkeys = [key]
            secret, device = office.sessions.begin(state, account), sessions.new_device(account)
            return _signed_in(jsonify({"to": "/"}), secret, device)

    return respond_to_script(act)


def label() -> str:
    """Return the label that a person gives to a new passkey."""
    return " ".join(request.form.get("label", "").split())[:MAX_LABEL_LENGTH]


def today() -> str:
    """Return the current day in the district, as ISO 8601."""
    from editor.window.current import the_editor  # noqa: PLC0415

    return the_editor().today().isoformat()
