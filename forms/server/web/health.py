"""/healthz for a monitor: whether letters can be kept, without numbers or times."""

from flask import Blueprint, Response

from forms.server.web.current import current_state
from forms.web.headers import NEVER_KEPT

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """Return ok, or not ok while a database cannot keep letters."""
    words, status = (b"not ok\n", 503) if current_state().operator_log.is_troubled else (b"ok\n", 200)
    return Response(words, status, {"Cache-Control": NEVER_KEPT}, mimetype="text/plain")
