"""Compare what a visitor gets with the manifest of the build.

A page, script or style of the build must have the very bytes that the manifest names. A form that the server draws
itself is compared with the page of the build that shows the same form: every tag and every text of it must stand
there too, in the same order, but for the few in `_OWN`, and no question or choice may be missing. So it can hold no
script, no address and no form that the signed page does not have, and no label can be put beside another choice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forms.core.builds.manifest import BuildManifest, file_of
from forms.core.form_schema import Kind, letter_forms, load_all
from forms.core.i18n.lazy_text import LazyText, lazy_gettext
from forms.core.i18n.locales import CODE
from forms.desk.watch.visitor import Seen

FOUND = 200
DRAWN = {form.name: form.page for form in load_all() if form.page and form.kind in {Kind.CONCERN, Kind.LOOKUP}}
"""Forms about a concern, which the server draws too, and the page of the build with the same form."""

_TOKEN = re.compile(r"(<[^<>]*>)")
_OWN = re.compile(
    r'<h1>|<meta name="robots" content="noindex">'
    rf'|<a href="/forms/{CODE}/[a-z-]+" lang="{CODE}" hreflang="{CODE}"( aria-current="true")?>'
)
_FIELD = re.compile(r"<(input|select|textarea|button|option|label)[ >]")
_FORM_SCRIPTS = re.compile(r" data-(sealing|returning)(?=>)")
_ASSET = re.compile(r'(?:src|href)="(/assets/[^"/]+\.(?:js|css))"')
_LOADS_MORE = ("refresh", "link")
"""Headers by which an answer loads or opens something that does not stand in it."""


def assets_of(pages: Sequence[Seen]) -> list[str]:
    """Return the addresses of scripts and styles that these pages name."""
    found = (address for page in pages for address in _ASSET.findall(page.body.decode("utf-8", "replace")))
    return sorted(set(found))


def drawn_form(path: str) -> tuple[str, str] | None:
    """Return language and form of an address like /forms/ta/concern, or None."""
    match = re.fullmatch(rf"/forms/(?P<language>{CODE})/(?P<form>[a-z-]+)", path)
    return (match["language"], match["form"]) if match else None


def differences(seen: Mapping[str, Seen], manifest: BuildManifest, before: BuildManifest | None) -> Iterator[LazyText]:
    """Return a sentence for each page, script or style that is not the build's.

    before: the build that this one has just replaced, of which something may still have come; else None.
    """
    for path, answer in sorted(seen.items()):
        if drawn := drawn_form(path):
            page = seen.get(f"/{drawn[0]}/{DRAWN[drawn[1]]}/")
            if page and before is None:
                yield from _drawn(path, answer, page)
        else:
            yield from _file(path, answer, [one for one in (manifest, before) if one])
        for name in _LOADS_MORE:
            if name in answer.headers:
                yield lazy_gettext(
                    "%(path)s came with a header %(name)s, by which a browser opens something else.",
                    path=path,
                    name=name,
                )


def _file(path: str, answer: Seen, builds: Sequence[BuildManifest]) -> Iterator[LazyText]:
    named = [build.files[path] for build in builds if path in build.files]
    if not named:
        if answer.status == FOUND:
            yield lazy_gettext("%(path)s is not of the build.", path=path)
    elif answer.status != FOUND:
        yield lazy_gettext(
            "%(path)s is of the build, and the site does not show it (status %(status)s).",
            path=path,
            status=answer.status,
        )
    elif file_of(answer.body) not in named:
        yield lazy_gettext("%(path)s is not what the build has there: it was changed.", path=path)


def _drawn(path: str, answer: Seen, page: Seen) -> Iterator[LazyText]:
    if answer.status != FOUND:
        return  # the forms may be away; the static page beside it is what people see
    shown, allowed, at = _tokens(answer), _tokens(page), 0
    for token in (token for token in shown if not _OWN.fullmatch(token)):
        if token not in allowed:
            yield lazy_gettext(
                "%(path)s shows something that the signed page with this form has not: %(part)s",
                path=path,
                part=token[:80],
            )
            return
        if token not in allowed[at:]:
            yield lazy_gettext(
                "%(path)s shows something in another place than the signed page with this form: %(part)s",
                path=path,
                part=token[:80],
            )
            return
        at = allowed.index(token, at) + 1
    for form, asked in _forms(shown).items():
        missing = [field for field in _forms(allowed).get(form, ()) if field not in asked]
        if missing:
            yield lazy_gettext(
                "%(path)s lacks something that the signed page with this form has: %(part)s",
                path=path,
                part=missing[0][:80],
            )
            return


def _tokens(page: Seen) -> list[str]:
    """Return the tags and texts of a page. Where it is odd, an odd token comes out that no other page has."""
    text = page.body.decode("utf-8", "replace")
    return [_FORM_SCRIPTS.sub("", token.strip()) for token in _TOKEN.split(text) if token.strip()]


def _forms(tokens: Sequence[str]) -> dict[str, list[str]]:
    """Return the forms of a page by their first tag, each with its fields, choices, labels and buttons."""
    found: dict[str, list[str]] = {}
    form = ""
    for part in tokens:
        if part.startswith("<form "):
            form = part
        elif part == "</form>":
            form = ""
        elif form and _FIELD.match(part):
            found.setdefault(form, []).append(part)
    return found


def forms_of(terms: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return each form that browsers encrypt here, and the terms with the desks to which its letters are encrypted."""
    more = terms.get("forms")
    named = more if isinstance(more, dict) else {}
    others = [form.name for form in letter_forms() if form.is_encrypted_in_browser and form.name in named]
    return [("concern", terms), *((name, {"desks": named[name]}) for name in others if name != "concern")]


def other_keys(terms: Mapping[str, Any], manifest: BuildManifest, before: BuildManifest | None) -> Iterator[LazyText]:
    """Return a sentence for each desk to which a browser would seal with other keys than the build names."""
    for form, those in forms_of(terms):
        told = keys_in(those)
        if before and told == _as_sets(before.readers(form)):
            continue
        yield from differing_keys(told, _as_sets(manifest.readers(form)))


def differing_keys(told: Mapping[str, frozenset[str]], right: Mapping[str, frozenset[str]]) -> Iterator[LazyText]:
    """Return a sentence for each desk whose keys differ from the right ones."""
    for desk in sorted(told.keys() | right.keys()):
        here, there = told.get(desk, frozenset()), right.get(desk, frozenset())
        for key in sorted(here - there):
            yield lazy_gettext(
                "Letters are locked for a key that is not the desk %(desk)s's: %(key)s", desk=desk, key=key
            )
        for key in sorted(there - here):
            yield lazy_gettext("Letters are not locked for this key of the desk %(desk)s: %(key)s", desk=desk, key=key)


def keys_in(terms: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return the keys that the terms name for each desk; what is malformed names none."""
    desks = terms.get("desks")
    rows = [row for row in desks if isinstance(row, dict)] if isinstance(desks, list) else []
    found: dict[str, frozenset[str]] = {}
    for row in rows:
        keys = row.get("keys")
        listed = [str(key) for key in keys] if isinstance(keys, list) else []
        found[str(row.get("id"))] = found.get(str(row.get("id")), frozenset()) | frozenset(listed)
    return found


def _as_sets(readers: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    return {id: frozenset(keys) for id, keys in readers.items() if keys}
