"""The terms: to which keys browsers encrypt, and how receipts are derived."""

from typing import Any

from flask import Blueprint, Response

from forms.core.portal import Portal
from forms.server.api.browser_api.requests import CONCERN_FORM, desk_keys, encrypted_forms
from forms.server.services.sending import hideable
from forms.server.web.current import current_services, current_state
from forms.server.web.json_responses import json_answer

views = Blueprint("terms", __name__)


@views.get("/terms")
def terms() -> Response:
    """Return the current keys of the desks, and how receipts are derived. The salt is no secret; guesses still cost."""
    services = current_services()
    return json_answer(
        {
            "day": current_state().today.isoformat(),
            "salt": services.salt.hex(),
            "memory": services.cost.memory,
            "passes": services.cost.passes,
            "desks": desk_keys(services.portal.readers(CONCERN_FORM)),
            **_terms_of_other_forms(services.portal),
        }
    )


def _terms_of_other_forms(portal: Portal) -> dict[str, Any]:
    """Return the desks of each other form that browsers encrypt, and all desks that can be left out of a letter."""
    names = [form.name for form in encrypted_forms() if form.name != CONCERN_FORM and portal.readers(form.name)]
    if not names:
        return {}
    return {
        "forms": {name: desk_keys(portal.readers(name)) for name in names},
        "all": desk_keys(hideable(portal)),
    }
