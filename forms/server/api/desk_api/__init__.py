"""The API for desks: sealed letters only. A desk sees its own letters and cannot learn that others exist.

It is described in docs/pickup-openapi.yaml. The access log records who did what with which letter, without contents.
"""

from flask import Blueprint, Response

from forms.core.handover_version import ANSWER_HEADER
from forms.server.api.desk_api import case_log, letters, server, signups
from forms.web.headers import NEVER_KEPT

desk_api = Blueprint("pickup", __name__, url_prefix="/pickup/v1")
for part in (letters, case_log, server, signups):
    desk_api.register_blueprint(part.views)


@desk_api.after_request
def _add_headers(response: Response) -> Response:
    response.headers["Cache-Control"] = NEVER_KEPT
    response.headers[ANSWER_HEADER] = "1"
    return response
