"""A connection to one address, for thousands of requests."""

import requests


def connection(address: str) -> requests.Session:
    """Return a session that takes proxies and certificate authorities from the present environment, and nothing else.

    By default `requests` reads the environment at each request, which takes a third of its time. It would also replace
    the token by a password from the user's .netrc, or send that password to a site that is only watched.
    """
    session = requests.Session()
    settings = session.merge_environment_settings(address, {}, None, None, None)
    session.proxies, session.verify = dict(settings["proxies"]), settings["verify"]
    session.trust_env = False
    return session
