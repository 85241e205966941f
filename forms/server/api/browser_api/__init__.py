"""The API for browsers that encrypt and decrypt themselves: letters come in and go out only as age ciphertext.

`GET terms`: the keys of the desks, and the salt and cost of receipts. `PUT parts/<id>`, then `PUT letters/<id>`: each
may be sent again after a lost connection and makes no second letter. What else the server needs to know is in headers:
`Portal-Form` (a name; a concern without it), `Portal-Desks` (ids), `Portal-Parts` (ids), `Portal-Lookup` (64
hexadecimal digits, or none), `Portal-Work`; for an addition to a letter that letter's look-up value in
`Portal-Follows`. `POST lookups`, `POST voices` and `POST erasures` take a look-up value that the browser derived from
its receipt: neither the receipt nor the key that opens answers is ever sent. While somebody guesses look-up values,
each request needs work of its own, in `Portal-Lookup-Work`.
"""

from flask import Blueprint

from forms.server.api.browser_api import letters, lookups, terms

blueprint = Blueprint("sealed", __name__, url_prefix="/forms/sealed/v1")
for part in (terms, letters, lookups):
    blueprint.register_blueprint(part.views)
