"""The desk's API: sealed letters only. A desk sees its own letters and cannot learn that others exist.

Described in docs/pickup-openapi.yaml. Who did what with which letter is written down, without contents.
"""

from flask import Blueprint, Response

from forms.core.handover_version import ANSWER_HEADER
from forms.server.api.desk_api import case_log, letters, server, signups
from forms.web.headers import NEVER_KEPT

desk_api = Blueprint("pickup", __name__, url_prefix="/pickup/v1")
for part in (letters, case_log, server, signups):
    desk_api.register_blueprint(part.views)


@desk_api.after_request
def _never_kept(response: Response) -> Response:
    response.headers["Cache-Control"] = NEVER_KEPT
    response.headers[ANSWER_HEADER] = "1"
    return response
