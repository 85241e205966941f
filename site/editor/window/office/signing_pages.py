"""A publisher signs a build with a passkey: the device's key never comes here, and without it nothing is published."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from editor.office.office import publishing_keys
from editor.window.current import the_office
from editor.window.home import translate
from editor.window.office.gate import signed_in
from editor.window.office.sign_in_pages import answered, told_to_script
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("signing", __name__)


@pages.post("/publish/sign/ask")
def ask() -> Response:
    """What a browser needs to sign the build that waits with a passkey of who asks."""

    def act() -> Response:
        """Return what the browser signs.

        Raises Problem where that build no longer waits, or the person may not publish.
        """
        office, build = the_office(), the_office().signatures.waiting
        keys = publishing_keys(office, signed_in().account)
        if build is None or build.digest != request.form.get("build"):
            what = translate("Nothing waits to be signed any more.")
            raise Problem("", what, translate("Press Publish again and look at it."))
        if not keys:
            what = translate("This signature is not one of a publisher whom portal.yml names.")
            raise Problem("", what, translate("Ask whoever runs the office’s machine to write your key there."))
        return jsonify(office.passkeys.ask_to_sign(build.challenge, keys))

    return told_to_script(act)


@pages.post("/publish/sign")
def sign() -> Response:
    """Take a publisher's signature: the build goes to readers."""

    def act(sent: Mapping[str, Any]) -> Response:
        office = the_office()
        line = office.passkeys.signature_line(sent, publishing_keys(office, signed_in().account))
        office.signatures.give(request.form.get("build", ""), line)
        return jsonify({"to": "/publish/"})

    return answered(act)


@pages.post("/publish/unsigned")
def leave() -> Response:
    """Let the build that waits go."""
    the_office().signatures.refuse(request.form.get("build", ""))
    return redirect_to("/publish/")
