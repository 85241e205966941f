"""A connection to one address, for thousands of requests."""

import requests


def connection(address: str) -> requests.Session:
    """Return a connection that takes proxies and authorities from the environment, as it is now, and nothing else.

    `requests` looks through the environment at each request, a third of its own time. It would also put a password of
    the user's .netrc in a token's place, or tell it to a site that is only looked at.
    """
    line = requests.Session()
    found = line.merge_environment_settings(address, {}, None, None, None)
    line.proxies, line.verify = dict(found["proxies"]), found["verify"]
    line.trust_env = False
    return line
