"""Compare the pages that a visitor gets with the manifest of the build.

A page, script or style of the build must have exactly the bytes that the manifest names. A form that the server renders
itself is compared with the page of the build that shows the same form: every tag and every text of it must be in that
page, in the same order, except for the few in `_SERVER_ONLY`, and no question or choice may be missing. So it cannot
contain a script, an address or a form that the signed page does not have, or put a label beside another choice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forms.core.builds.manifest import BuildManifest, file_of
from forms.core.form_schema import Kind, letter_forms, load_all
from forms.core.i18n.lazy_text import LazyText, lazy_gettext
from forms.core.i18n.locales import CODE
from forms.desk.watch.visitor import PageResponse

STATUS_OK = 200
SERVER_FORMS = {form.name: form.page for form in load_all() if form.page and form.kind in {Kind.CONCERN, Kind.LOOKUP}}
"""Forms about a concern, which the server renders too, and the page of the build with the same form."""

_TOKEN = re.compile(r"(<[^<>]*>)")
_SERVER_ONLY = re.compile(
    r'<h1>|<meta name="robots" content="noindex">'
    rf'|<a href="/forms/{CODE}/[a-z-]+" lang="{CODE}" hreflang="{CODE}"( aria-current="true")?>'
)
_FIELD = re.compile(r"<(input|select|textarea|button|option|label)[ >]")
_FORM_SCRIPTS = re.compile(r" data-(sealing|returning)(?=>)")
_ASSET = re.compile(r'(?:src|href)="(/assets/[^"/]+\.(?:js|css))"')
_LOADS_MORE = ("refresh", "link")
"""Headers with which a response can make a browser load or open something else."""


def assets_of(pages: Sequence[PageResponse]) -> list[str]:
    """Return the addresses of the scripts and styles that these pages load."""
    addresses = (address for page in pages for address in _ASSET.findall(page.body.decode("utf-8", "replace")))
    return sorted(set(addresses))


def parse_form_path(path: str) -> tuple[str, str] | None:
    """Return the language and the form of an address like /forms/ta/concern, or None."""
    match = re.fullmatch(rf"/forms/(?P<language>{CODE})/(?P<form>[a-z-]+)", path)
    return (match["language"], match["form"]) if match else None


def differences(
    responses: Mapping[str, PageResponse], manifest: BuildManifest, previous: BuildManifest | None
) -> Iterator[LazyText]:
    """Yield a sentence for each page, script or style that differs from the build.

    previous: the build that this one has just replaced, whose files the site may have sent too; else None.
    """
    for path, response in sorted(responses.items()):
        if form_path := parse_form_path(path):
            language, form = form_path
            page = responses.get(f"/{language}/{SERVER_FORMS[form]}/")
            if page and previous is None:
                yield from _compare_form(path, response, page)
        else:
            yield from _compare_file(path, response, [build for build in (manifest, previous) if build])
        for name in _LOADS_MORE:
            if name in response.headers:
                yield lazy_gettext(
                    "%(path)s came with a header %(name)s, by which a browser opens something else.",
                    path=path,
                    name=name,
                )


def _compare_file(path: str, response: PageResponse, builds: Sequence[BuildManifest]) -> Iterator[LazyText]:
    expected = [build.files[path] for build in builds if path in build.files]
    if not expected:
        if response.status == STATUS_OK:
            yield lazy_gettext("%(path)s is not of the build.", path=path)
    elif response.status != STATUS_OK:
        yield lazy_gettext(
            "%(path)s is of the build, and the site does not show it (status %(status)s).",
            path=path,
            status=response.status,
        )
    elif file_of(response.body) not in expected:
        yield lazy_gettext("%(path)s is not what the build has there: it was changed.", path=path)


def _compare_form(path: str, response: PageResponse, page: PageResponse) -> Iterator[LazyText]:
    """Yield a sentence if a form of the server differs from the signed page with this form."""
    if response.status != STATUS_OK:
        return  # the server may be down; people see the static page then
    shown, allowed, position = _tokens(response), _tokens(page), 0
    for token in (token for token in shown if not _SERVER_ONLY.fullmatch(token)):
        if token not in allowed:
            yield lazy_gettext(
                "%(path)s shows something that the signed page with this form has not: %(part)s",
                path=path,
                part=token[:80],
            )
            return
        if token not in allowed[position:]:
            yield lazy_gettext(
                "%(path)s shows something in another place than the signed page with this form: %(part)s",
                path=path,
                part=token[:80],
            )
            return
        position = allowed.index(token, position) + 1
    for form, fields in _forms(shown).items():
        missing = [field for field in _forms(allowed).get(form, ()) if field not in fields]
        if missing:
            yield lazy_gettext(
                "%(path)s lacks something that the signed page with this form has: %(part)s",
                path=path,
                part=missing[0][:80],
            )
            return


def _tokens(page: PageResponse) -> list[str]:
    """Return the tags and texts of a page. Malformed HTML gives a token that no other page has."""
    text = page.body.decode("utf-8", "replace")
    return [_FORM_SCRIPTS.sub("", token.strip()) for token in _TOKEN.split(text) if token.strip()]


def _forms(tokens: Sequence[str]) -> dict[str, list[str]]:
    """Return the forms of a page by their first tag, each with its fields, choices, labels and buttons."""
    forms: dict[str, list[str]] = {}
    form = ""
    for token in tokens:
        if token.startswith("<form "):
            form = token
        elif token == "</form>":  # noqa: S105 - a tag
            form = ""
        elif form and _FIELD.match(token):
            forms.setdefault(form, []).append(token)
    return forms


def forms_of(terms: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return each form that browsers encrypt, with the part of the terms that names its desks and their keys."""
    forms = terms.get("forms")
    desks = forms if isinstance(forms, dict) else {}
    others = [form.name for form in letter_forms() if form.is_encrypted_in_browser and form.name in desks]
    return [("concern", terms), *((name, {"desks": desks[name]}) for name in others if name != "concern")]


def wrong_reader_keys(
    terms: Mapping[str, Any], manifest: BuildManifest, previous: BuildManifest | None
) -> Iterator[LazyText]:
    """Yield a sentence for each key that the terms name and the build does not, or vice versa."""
    for form, form_terms in forms_of(terms):
        keys = keys_in(form_terms)
        if previous and keys == _as_sets(previous.readers(form)):
            continue
        yield from differing_keys(keys, _as_sets(manifest.readers(form)))


def differing_keys(actual: Mapping[str, frozenset[str]], expected: Mapping[str, frozenset[str]]) -> Iterator[LazyText]:
    """Yield a sentence for each key of a desk that is unexpected or missing."""
    for desk in sorted(actual.keys() | expected.keys()):
        actual_keys, expected_keys = actual.get(desk, frozenset()), expected.get(desk, frozenset())
        for key in sorted(actual_keys - expected_keys):
            yield lazy_gettext(
                "Letters are locked for a key that is not the desk %(desk)s's: %(key)s", desk=desk, key=key
            )
        for key in sorted(expected_keys - actual_keys):
            yield lazy_gettext("Letters are not locked for this key of the desk %(desk)s: %(key)s", desk=desk, key=key)


def keys_in(terms: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return the keys that the terms name for each desk; malformed rows are skipped."""
    desks = terms.get("desks")
    rows = [row for row in desks if isinstance(row, dict)] if isinstance(desks, list) else []
    keys_by_desk: dict[str, frozenset[str]] = {}
    for row in rows:
        id, keys = str(row.get("id")), row.get("keys")
        texts = [str(key) for key in keys] if isinstance(keys, list) else []
        keys_by_desk[id] = keys_by_desk.get(id, frozenset()) | frozenset(texts)
    return keys_by_desk


def _as_sets(readers: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    return {id: frozenset(keys) for id, keys in readers.items() if keys}
