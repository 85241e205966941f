"""Remove withdrawn stories, pictures and recordings from a built site, whatever else is broken (decisions/0031).

This needs consents.csv and the built files only: no settings, no readable pages, no other table.
"""

import glob
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from html import escape
from pathlib import Path
from urllib.parse import unquote

from forms.core.builds import manifest as build_manifest
from forms.core.builds.manifest import ADDRESS, SIGNATURES
from forms.core.builds.withdrawn import LIST, read_addresses
from forms.core.files.durable import write_durably
from forms.core.problem import Problem, Problems
from sitegen import kept_work
from sitegen.content import pages
from sitegen.content.consent import consent_names, consent_table, consents, withdrawn_stories
from sitegen.publish.addresses import redirects
from sitegen.publish.build_manifest import files
from sitegen.publish.withdrawals import cleaning, search_cleaning, withdrawn_media, withdrawn_quotes

NEUTRAL = "withdrawn.html"
"""In each language's folder: the neutral page, made by the last build."""

PAPERS = ("leaflet", "poster", "card")
"""The beginnings of the names of the papers that hold text of pages (sitegen/print/leaflets.py)."""

_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.S)
_FILE = re.compile(r"/(?:audio|pictures|media)/[^\"'\s,>]+")


def purge(
    public: Path, content: Path, today: date, also: Collection[str] = (), say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Remove everything without consent from a built site and the builds kept beside it; return the addresses.

    also: stories to remove whatever consents.csv says. say: called with a sentence about each damaged file that had to
    be removed. Raises Problems about what could not be cleaned, after everything else is done.
    """
    cleaner, removed = cleaning.Cleaning(), []
    try:
        known = consent_table.read_leniently(content)
    except Exception as error:  # noqa: BLE001 - an unreadable table, for whatever reason, holds no consent
        known = consents.Consents(content, ())
        what = f"could not be read ({type(error).__name__}), so every story is taken off."
        cleaner.problems.append(Problem(str(content / consent_table.TABLE), what, "Mend it, and build the site again."))
    cleaning.remove_leftovers(public)
    for folder in (public, *sorted(public.parent.glob(f"{public.name}.*"))):
        if folder.is_dir() and (folder == public or ".new-" not in folder.name):  # a running build purges its own
            with cleaner.collecting_problems(folder):
                removed += _purge_site(folder, known, today, also, cleaner)
    if removed:
        kept_work.forget(content.parent, cleaner.files)
    for sentence in dict.fromkeys(cleaner.removed):
        say(sentence)
    if cleaner.problems:
        raise Problems(cleaner.problems)
    return list(dict.fromkeys(removed))


def write_list(out: Path, addresses: Collection[str], before: Collection[str] = ()) -> None:
    """Write the list of withdrawn addresses. before: an earlier list; addresses that exist again leave it."""
    still_missing = [address for address in before if not _file(out, address).exists()]
    cleaning.replace(out / LIST, json.dumps(sorted({*addresses, *still_missing})))


def _file(public: Path, address: str) -> Path:
    return public / (address.lstrip("/") + ("index.html" if address.endswith("/") else ""))


def _purge_site(
    public: Path, known: consents.Consents, today: date, also: Collection[str], cleaner: cleaning.Cleaning
) -> list[str]:
    """Purge one built site; return the removed addresses.

    The lists of what was removed are written last, so that the next call repeats an interrupted purge.
    """
    done, redirect_targets = read_addresses(public), redirects.targets(public)
    stories = [
        address
        for address, language, path in _stories(public, known)
        if address not in redirect_targets
        and (path.casefold() in also or not _covers(known, path, language, today))
        and not _is_removed(public, address, done)
    ]
    # Redirects to a withdrawn story name it.
    orphans = [old for old, target in redirect_targets.items() if target in {*done, *stories}]
    story_files = _replace_stories(public, [*stories, *orphans], cleaner) if stories or orphans else []
    quoted = media = cleaning.Removed()
    with cleaner.collecting_problems(public / withdrawn_quotes.LIST):
        quoted = withdrawn_quotes.purge(public, known, today, cleaner, partial(_neutral_page, public))
    with cleaner.collecting_problems(public / withdrawn_media.LIST):
        media = withdrawn_media.purge(public, known, today, cleaner)
    languages = {*quoted.languages, *media.languages, *(address.split("/")[1] for address in (*stories, *orphans))}
    if not languages:
        return []
    removed = [*stories, *orphans, *story_files, *media.addresses, *quoted.addresses]
    cleaner.files.update((*story_files, *media.addresses, *quoted.addresses))
    for language in sorted(languages):
        search_cleaning.clean(public / language, {*done, *removed}, cleaner)
    with cleaner.collecting_problems(public):
        _update_manifest(public)
        write_list(public, [*done, *removed])
        redirects.forget(public, orphans) if orphans else None
        quoted.save()
        media.save()
    return [*stories, *orphans, *media.addresses, *quoted.addresses]


def _covers(known: consents.Consents, path: str, language: str, today: date) -> bool:
    """Return whether a consent covers a story; False for a page or a row that cannot be judged, for whatever reason."""
    with suppress(Exception):
        return known.covers(path, language, today)
    return False


def _replace_stories(public: Path, addresses: Sequence[str], cleaner: cleaning.Cleaning) -> list[str]:
    """Replace stories by the neutral page; return the addresses of the sound and pictures that only they used."""
    paths = {_file(public, address): address for address in addresses}
    texts = [text for _, text in cleaner.texts(paths)]
    story_files: list[str] = []
    with cleaner.collecting_problems(public):
        story_files = _remove_files(public, texts, {*paths}, cleaner)
    for path, address in paths.items():
        with cleaner.collecting_problems(path):
            cleaning.replace(path, _neutral_page(public, address.split("/")[1]))
    _remove_links(public, addresses, cleaner)
    with cleaner.removing_on_error(public / "sitemap.xml"):
        _clean_sitemap(public, addresses)
    return story_files


def _stories(public: Path, known: consents.Consents) -> Iterator[tuple[str, str, str]]:
    """Yield each story of a built site: its address, its language, and its path, like "stories/a"."""
    paths = set(public.glob(f"*/{consent_names.STORIES_FOLDER}**/index.html"))
    paths |= {path for story in known.stories for path in public.glob(f"*/{glob.escape(story)}/index.html")}
    for page in sorted(paths):
        language, _, path = page.parent.relative_to(public).as_posix().partition("/")
        if f"{path}/" != consent_names.STORIES_FOLDER:  # the list of stories
            yield f"/{language}/{path}/", language, path


def _is_removed(public: Path, address: str, done: Collection[str]) -> bool:
    """Return whether an address shows no story. done: the site's list, which may be older than its pages."""
    language = address.split("/")[1]
    with suppress(OSError):
        current, neutral = (
            _HEADING.search(html) for html in (cleaning.read(_file(public, address)), _neutral_page(public, language))
        )
        untranslated = escape(pages.missing_page_words(language)[0])  # a story that other languages have
        expected = {untranslated, *([neutral[1]] if neutral and address in done else [])}
        return current is not None and current[1] in expected
    return False


def _neutral_page(public: Path, language: str) -> str:
    """Return the neutral page of a language as the last build made it, or a plain one."""
    with suppress(OSError):
        return cleaning.read(public / language / NEUTRAL)
    title, text = (escape(words) for words in withdrawn_stories.neutral_words(language))
    head = f'<meta charset="utf-8"><meta name="robots" content="noindex"><title>{title}</title>'
    home = f'<p><a href="/{language}/">/{language}/</a></p>'
    body = f"<body><h1>{title}</h1><p>{text}</p>{home}</body>"
    return f'<!doctype html><html lang="{language}"><head>{head}</head>{body}</html>'


def _remove_files(
    public: Path, texts: Collection[str], paths: Collection[Path], cleaner: cleaning.Cleaning
) -> list[str]:
    """Remove the sound and pictures that only withdrawn pages used; return their addresses.

    texts: those of the withdrawn pages; paths: their files.
    """
    used = {address for text in texts for address in _FILE.findall(text)}
    others = (path for path in public.rglob("*.html") if path not in paths) if used else ()
    unused = used - {address for _, text in cleaner.texts(others) for address in _FILE.findall(text)}
    for address in unused:
        path = (public / unquote(address).lstrip("/")).resolve()
        if path.is_relative_to(public.resolve()):
            with cleaner.collecting_problems(path):
                path.unlink(missing_ok=True)
    return sorted(unused)


def _remove_links(public: Path, addresses: Collection[str], cleaner: cleaning.Cleaning) -> None:
    """Remove the entries of lists and menus that link to withdrawn pages."""
    links = "|".join(re.escape(address) for address in addresses)
    entry = re.compile(rf'[ \t]*<li\b[^>]*>(?:(?!</?li\b).)*?href="(?:{links})"(?:(?!</?li\b).)*</li>\n?', re.S)
    for path, text in cleaner.texts(public.rglob("*.html")):
        cleaned = entry.sub("", text)
        if cleaned != text:
            with cleaner.collecting_problems(path):
                cleaning.replace(path, cleaned)


def _clean_sitemap(public: Path, addresses: Collection[str]) -> None:
    path = public / "sitemap.xml"
    if not path.exists():
        return
    text = cleaning.read(path)
    for address in map(re.escape, addresses):
        text = re.sub(rf"<url><loc>[^<]*{address}</loc>.*?</url>\n?", "", text, flags=re.S)
        text = re.sub(rf'<xhtml:link [^>]*href="[^"]*{address}"/>\n?', "", text)
    cleaning.replace(path, text)


def _update_manifest(public: Path) -> None:
    """List the changed pages in the manifest. A signature no longer fits, so a mark that there was one replaces it."""
    path, signatures = public / ADDRESS[1:], public / SIGNATURES[1:]
    with suppress(OSError, Problem):
        manifest = build_manifest.read(path.read_bytes())
        updated = replace(manifest, number=manifest.number + 1, files=files(public))
        # Each as a new file: a site that is kept beside this one may share the old one by a hard link.
        was_signed = signatures.is_file() and signatures.stat().st_size
        write_durably(signatures, build_manifest.CHANGED_AFTER_SIGNING if was_signed else b"")
        write_durably(path, build_manifest.write(updated))


def remove_card(kit: Path) -> bool:
    """Remove the memory card's file and the papers with text of pages; return whether there were any.

    Other papers that somebody keeps there stay. Raises OSError about one that cannot be removed, after all others.
    """
    candidates = [kit / "portal.zip", *(path for kind in PAPERS for path in kit.glob(f"{kind}-*.pdf"))]
    existing = [path for path in candidates if path.exists()]
    cleaning.remove_each(existing)
    return bool(existing)
