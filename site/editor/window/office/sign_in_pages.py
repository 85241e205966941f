"""The way into the office: a passkey, a passphrase without a script, or an invitation that works once."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import g, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from editor.office import accounts, passphrases, sessions
from editor.office.office import AccountGone, own
from editor.office.passphrases import Wait
from editor.office.state import Account, OfficeState
from editor.window.current import the_office
from editor.window.home import translate, translated
from editor.window.office.gate import device_of, pages, with_cookies
from forms.core.problem import Problem

SIGN_IN, ACCEPT = "sign in", "accept"
LONGEST_LABEL = 40


@pages.get("/sign-in")
def sign_in() -> Response | str:
    """Ask who it is."""
    return redirect("/", 303) if g.signed_in else _asked()


def _asked(problem: Problem | None = None, name: str = "") -> str:
    return render_template("office/sign-in.html", problem=problem, name=name)


@pages.post("/sign-in")
def with_passphrase() -> Response | tuple[str, int]:
    """Sign in by name and passphrase. A name that nobody has is answered like a wrong passphrase.

    Raises AccountGone where the passphrase has changed meanwhile.
    """
    office, name = the_office(), request.form.get("name", "")[: accounts.LONGEST_NAME]
    account = office.accounts.named(name)
    device = device_of(account)
    try:
        is_right = checked(name, account, request.form.get("passphrase", ""), device)
    except Problem as problem:
        return _asked(problem, name), 429
    if account is None or not is_right:
        what, todo = translate("Name or passphrase is not right."), translate("Look at both, and try again.")
        return _asked(Problem("", what, todo), name), 400
    with office.kept.changing() as state:
        mine = own(state, account)
        if mine.passphrase != account.passphrase:
            raise AccountGone  # a reset ended it in this moment
        return _begin(state, mine, known=bool(device))


def checked(name: str, account: Account | None, passphrase: str, device: str) -> bool:
    """Return whether a passphrase is the one of an account. Raises Problem where the next try must wait."""
    office = the_office()
    try:
        office.guessing.begin(name, device)
    except Wait as wait:
        what = translate("There were too many tries. Wait %(seconds)s seconds.") % {"seconds": wait.seconds}
        raise Problem("", what, translate("Then try again; a passkey works at once.")) from None
    is_right = passphrases.fits(passphrase, account.passphrase if account else "")
    if is_right:
        office.guessing.right(name, device)
    return is_right


def _begin(state: OfficeState, account: Account, *, known: bool) -> Response:
    """Begin a session, and go to the first page."""
    device = "" if known else sessions.new_device(account)
    return _signed_in(redirect("/", 303), the_office().sessions.begin(state, account), device)


def _signed_in(response: Response, secret: str, device: str) -> Response:
    return with_cookies(response, secret, device)


def answered(act: Callable[[Mapping[str, Any]], Response]) -> Response:
    """Return what an act makes of a browser's answer, or the sentence why it did not, for the script."""
    try:
        sent = json.loads(request.form.get("answer", ""))
    except (ValueError, RecursionError):
        return jsonify({"problem": translate("Something went wrong.")})
    return told_to_script(lambda: act(sent if isinstance(sent, dict) else {}))


def told_to_script(act: Callable[[], Response]) -> Response:
    """Return what an act makes, or the sentence why it did not, for the script."""
    try:
        return act()
    except ValueError:
        return jsonify({"problem": translate("Something went wrong.")})
    except Problem as problem:
        told = translated(problem)
        return jsonify({"problem": f"{told.what} {told.todo}"})


@pages.post("/sign-in/ask")
def ask_passkey() -> Response:
    """What a browser needs to sign in with any passkey it has for this office: nobody's name is asked or told."""
    return jsonify(the_office().passkeys.ask(SIGN_IN))


@pages.post("/sign-in/passkey")
def with_passkey() -> Response:
    """Sign in with a passkey."""
    office = the_office()

    def act(sent: Mapping[str, Any]) -> Response:
        with office.kept.changing() as state:
            account, key = office.passkeys.used(sent, SIGN_IN, state.accounts)
            account.passkeys = [key if one.id == key.id else one for one in account.passkeys]
            device = "" if device_of(account) else sessions.new_device(account)
            return _signed_in(jsonify({"to": "/"}), office.sessions.begin(state, account), device)

    return answered(act)


def _account_of(token: str) -> Account:
    """Return the account of an invitation. Raises Problem where it is used, old or unknown."""
    account = the_office().accounts.invited(token)
    if account is None:
        what = translate("This invitation was used already, or is too old.")
        raise Problem("", what, translate("Ask whoever runs the office’s machine for a new one."))
    return account


@pages.get("/invited/<token>")
def invited(token: str) -> str:
    """Say who is invited, and ask for a way to sign in. Looking uses nothing up: mail programs look at links too."""
    return _welcome(token, _account_of(token))


def _welcome(token: str, account: Account, problem: Problem | None = None, typed: str = "") -> str:
    offer = typed or passphrases.offered()
    return render_template("office/invited.html", invitation=token, account=account, offer=offer, problem=problem)


@pages.post("/invited/<token>")
def accept(token: str) -> Response | tuple[str, int]:
    """Use an invitation up with a passphrase, and sign in."""
    office, account, passphrase = the_office(), _account_of(token), request.form.get("passphrase", "")
    try:
        kept = passphrases.hashed(passphrase, account.name)
    except Problem as problem:
        return _welcome(token, account, translated(problem), passphrase), 400
    with office.kept.changing() as state:
        mine = accounts.taken(state, token, office.clock())
        mine.passphrase = kept
        return _begin(state, mine, known=False)


@pages.post("/invited/<token>/ask")
def accept_ask(token: str) -> Response:
    """What a browser needs to make a passkey for who is invited."""
    return jsonify(the_office().passkeys.ask_for_new(_account_of(token), f"{ACCEPT} {token}"))


@pages.post("/invited/<token>/passkey")
def accept_passkey(token: str) -> Response:
    """Use an invitation up with a passkey, and sign in."""
    office = the_office()

    def act(sent: Mapping[str, Any]) -> Response:
        key = office.passkeys.made(sent, f"{ACCEPT} {token}", today(), label())
        with office.kept.changing() as state:
            mine = accounts.taken(state, token, office.clock())
            mine.passkeys = [key]
            secret, device = office.sessions.begin(state, mine), sessions.new_device(mine)
            return _signed_in(jsonify({"to": "/"}), secret, device)

    return answered(act)


def label() -> str:
    """Return what a person calls the device of a new passkey."""
    return " ".join(request.form.get("label", "").split())[:LONGEST_LABEL]


def today() -> str:
    """Return the day in the district."""
    from editor.window.current import the_editor  # noqa: PLC0415

    return the_editor().today().isoformat()
