"""The services that belong to the current request."""

from flask import current_app, g

from forms.server.services.mailbox import Services


def current_services() -> Services:
    """Return the stores and the portal of this request: one version of portal.json from its first line to its last."""
    services: Services = g.get("services") or current_app.extensions["services"]
    return services
