"""Responses for programs: JSON that is never cached, and errors that end a request."""

import json
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

from forms.web.headers import NEVER_KEPT


class ApiError(HTTPException):
    """An error response in JSON. problem: what is wrong, for the other program to show."""

    def __init__(self, code: int, problem: str, **more: Any) -> None:
        response = json_answer({"problem": problem, **more}, code)
        if code == 401:  # noqa: PLR2004 - RFC 9110, section 15.5.2: the response names the scheme
            response.headers["WWW-Authenticate"] = "Bearer"
        super().__init__(response=response)


def json_answer(data: dict[str, Any], status: int = 200) -> Response:
    """Return this data as a JSON response."""
    return Response(json.dumps(data), status, {"Cache-Control": NEVER_KEPT}, mimetype="application/json")


def padded_json_answer(data: dict[str, Any], step: int = 8192) -> Response:
    """Return this data padded to a multiple of `step` bytes, so that the size does not reveal the contents."""
    unpadded = len(json.dumps({**data, "filler": ""}))
    return json_answer({**data, "filler": " " * (-unpadded % step)})
