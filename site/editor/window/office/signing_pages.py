"""Pages where a publisher signs a build with a passkey."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from editor.office.office import publishing_keys
from editor.window.current import the_office
from editor.window.office.gate import signed_in
from editor.window.office.sign_in_pages import respond_to_script, script_response
from editor.window.words import translate
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("signing", __name__)


@pages.post("/publish/sign/ask")
def ask() -> Response:
    """Return the options with which the browser signs the waiting build."""

    def act() -> Response:
        """Return the options.

        Raises Problem where the build no longer waits, or the account has no key that portal.yml names.
        """
        office, build = the_office(), the_office().signatures.waiting
        keys = publishing_keys(office, signed_in().account)
        if build is None or build.digest != request.form.get("build"):
            what = translate("Nothing waits to be signed any more.")
            raise Problem("", what, translate("Press Publish again and look at it."))
        if not keys:
            what = translate("This signature is not one of a publisher whom portal.yml names.")
            raise Problem("", what, translate("Ask whoever runs the office’s machine to write your key there."))
        return jsonify(office.passkeys.signing_options(build.challenge, keys))

    return script_response(act)


@pages.post("/publish/sign")
def sign() -> Response:
    """Accept a publisher's signature, which publishes the build."""

    def act(sent: Mapping[str, Any]) -> Response:
        office = the_office()
        line = office.passkeys.signature_line(sent, publishing_keys(office, signed_in().account))
        office.signatures.accept(request.form.get("build", ""), line)
        return jsonify({"to": "/publish/"})

    return respond_to_script(act)


@pages.post("/publish/unsigned")
def leave() -> Response:
    """Refuse to sign the waiting build."""
    the_office().signatures.refuse(request.form.get("build", ""))
    return redirect_to("/publish/")
