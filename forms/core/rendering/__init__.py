"""Draw pages and forms with Jinja, for the static site and the Flask endpoint alike."""
