"""What belongs to the request that is being answered."""

from flask import current_app, g

from forms.server.services.mailbox import Office


def current_office() -> Office:
    """The stores and the portal of this request: one version of portal.json from its first line to its last."""
    office: Office = g.get("office") or current_app.extensions["office"]
    return office
