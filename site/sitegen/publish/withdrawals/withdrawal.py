"""Takes withdrawn stories, pictures and recordings out of a built site, whatever else is broken (decisions/0031).

It needs consents.csv and the built files only: no settings, no pages that can be read, no other table.
"""

import csv
import glob
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from html import escape, unescape
from pathlib import Path
from urllib.parse import unquote

from forms.core.builds import manifest as build_manifest
from forms.core.builds.manifest import ADDRESS, SIGNATURES
from forms.core.builds.withdrawn import LIST, read_addresses
from forms.core.files import spreadsheet_csv
from forms.core.files.durable import write_durably
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem, Problems
from sitegen import kept_work
from sitegen.content import pages
from sitegen.content.consent import consent_names, consent_table, consents, withdrawn_stories
from sitegen.content.spreadsheets import csv_files
from sitegen.layers import lookup
from sitegen.layers.rows import BROKEN
from sitegen.publish import moved_pages
from sitegen.publish.build_manifest import files
from sitegen.publish.withdrawals import (
    broken_rows,
    cleaning,
    withdrawn_days,
    withdrawn_drafts,
    withdrawn_media,
    withdrawn_quotes,
)
from sitegen.render.search_index import PAGES_PER_FILE, normalised_tokens

NEUTRAL = "withdrawn.html"
"""In each language's folder: the neutral page, made by the last build."""

PAPERS = ("leaflet", "poster", "card")
"""What the papers of the kit that say what pages say are called by (sitegen/print/leaflets.py)."""

_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.S)
_TAG = re.compile(r"<[^>]*>")
_FILE = re.compile(r"/(?:audio|pictures|media)/[^\"'\s,>]+")


def purge(
    public: Path, content: Path, today: date, also: Collection[str] = (), say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Take all that has no consent out of a built site and the builds kept beside it; return the addresses.

    also: stories that go whatever consents.csv says. say: told what was damaged and had to be removed.
    Raises Problems about what could not be cleaned, after all else is done.
    """
    cleaner, gone = cleaning.Cleaning(), []
    try:
        known = consent_table.read_leniently(content)
    except Exception as error:  # noqa: BLE001 - what cannot be read, for whatever reason, holds no consent
        known = consents.Consents(content, ())
        what = f"could not be read ({type(error).__name__}), so every story is taken off."
        cleaner.problems.append(Problem(str(content / consent_table.TABLE), what, "Mend it, and build the site again."))
    cleaning.remove_left(public)
    for folder in (public, *sorted(public.parent.glob(f"{public.name}.*"))):
        if folder.is_dir() and (folder == public or ".new-" not in folder.name):  # a build purges its own
            with cleaner.going_on(folder):
                gone += _purge_one(folder, known, today, also, cleaner)
    if gone:
        kept_work.forget(content.parent, cleaner.files)
    for sentence in dict.fromkeys(cleaner.removed):
        say(sentence)
    if cleaner.problems:
        raise Problems(cleaner.problems)
    return list(dict.fromkeys(gone))


def write_list(out: Path, addresses: Collection[str], before: Collection[str] = ()) -> None:
    """Write the list of withdrawn addresses. before: an earlier list, of which stays what is not there again."""
    still = [address for address in before if not _file(out, address).exists()]
    cleaning.replace(out / LIST, json.dumps(sorted({*addresses, *still})))


def _file(public: Path, address: str) -> Path:
    return public / (address.lstrip("/") + ("index.html" if address.endswith("/") else ""))


def _purge_one(
    public: Path, known: consents.Consents, today: date, also: Collection[str], cleaner: cleaning.Cleaning
) -> list[str]:
    """Clean one built site; return the addresses that are gone.

    What says that a thing is done is written last: who is cut off before begins again.
    """
    done, redirects = read_addresses(public), moved_pages.targets(public)
    new = [
        address
        for address, language, path in _stories(public, known)
        if address not in redirects
        and (path.casefold() in also or not _covers(known, path, language, today))
        and not _is_done(public, address, done)
    ]
    orphans = [old for old, target in redirects.items() if target in {*done, *new}]  # they would name what is withdrawn
    own = _replace_stories(public, [*new, *orphans], cleaner) if new or orphans else []
    quoted = media = cleaning.Removed()
    with cleaner.going_on(public / withdrawn_quotes.LIST):
        quoted = withdrawn_quotes.purge(public, known, today, cleaner, partial(_neutral, public))
    with cleaner.going_on(public / withdrawn_media.LIST):
        media = withdrawn_media.purge(public, known, today, cleaner)
    languages = {*quoted.languages, *media.languages, *(address.split("/")[1] for address in (*new, *orphans))}
    if not languages:
        return []
    gone = [*new, *orphans, *own, *media.addresses, *quoted.addresses]
    cleaner.files.update((*own, *media.addresses, *quoted.addresses))
    for language in sorted(languages):
        _clean_search(public / language, {*done, *gone}, cleaner)
    with cleaner.going_on(public):
        _renew_manifest(public)
        write_list(public, [*done, *gone])
        moved_pages.forget(public, orphans) if orphans else None
        quoted.remember()
        media.remember()
    return [*new, *orphans, *media.addresses, *quoted.addresses]


def _covers(known: consents.Consents, path: str, language: str, today: date) -> bool:
    with suppress(Exception):  # a page or a row that cannot be judged, for whatever reason, has no consent
        return known.covers(path, language, today)
    return False


def _replace_stories(public: Path, addresses: Sequence[str], cleaner: cleaning.Cleaning) -> list[str]:
    """Put the neutral page in place of stories; return the addresses of the sound and pictures that only they used."""
    pages = {_file(public, address): address for address in addresses}
    texts = [text for _, text in cleaner.texts(pages)]
    own: list[str] = []
    with cleaner.going_on(public):
        own = _remove_files(public, texts, {*pages}, cleaner)
    for path, address in pages.items():
        with cleaner.going_on(path):
            cleaning.replace(path, _neutral(public, address.split("/")[1]))
    _clean_pages(public, addresses, cleaner)
    with cleaner.or_without(public / "sitemap.xml"):
        _clean_sitemap(public, addresses)
    return own


def _stories(public: Path, known: consents.Consents) -> Iterator[tuple[str, str, str]]:
    """Yield each page of a built site that is a story: its address, its language, and its path, like "stories/a"."""
    pages = set(public.glob(f"*/{consent_names.STORIES_FOLDER}**/index.html"))
    pages |= {page for path in known.stories for page in public.glob(f"*/{glob.escape(path)}/index.html")}
    for page in sorted(pages):
        language, _, path = page.parent.relative_to(public).as_posix().partition("/")
        if f"{path}/" != consent_names.STORIES_FOLDER:  # a page that lists stories
            yield f"/{language}/{path}/", language, path


def _is_done(public: Path, address: str, done: Collection[str]) -> bool:
    """Return whether no story stands at an address. done: what the site lists, which may be of another state of it."""
    language = address.split("/")[1]
    with suppress(OSError):
        there, neutral = (
            _HEADING.search(html) for html in (cleaning.read(_file(public, address)), _neutral(public, language))
        )
        never_there = escape(pages.missing_page_words(language)[0])  # a story that other languages have
        expected = {never_there, *([neutral[1]] if neutral and address in done else [])}
        return there is not None and there[1] in expected
    return False


def _neutral(public: Path, language: str) -> str:
    with suppress(OSError):
        return cleaning.read(public / language / NEUTRAL)
    title, text = (escape(words) for words in withdrawn_stories.neutral_words(language))
    head = f'<meta charset="utf-8"><meta name="robots" content="noindex"><title>{title}</title>'
    home = f'<p><a href="/{language}/">/{language}/</a></p>'
    body = f"<body><h1>{title}</h1><p>{text}</p>{home}</body>"
    return f'<!doctype html><html lang="{language}"><head>{head}</head>{body}</html>'


def _remove_files(
    public: Path, texts: Collection[str], pages: Collection[Path], cleaner: cleaning.Cleaning
) -> list[str]:
    """Remove the sound and pictures that only the withdrawn pages used; return their addresses."""
    asked = {found for text in texts for found in _FILE.findall(text)}
    others = (path for path in public.rglob("*.html") if path not in pages) if asked else ()
    gone = asked - {found for _, text in cleaner.texts(others) for found in _FILE.findall(text)}
    for address in gone:
        path = (public / unquote(address).lstrip("/")).resolve()
        if path.is_relative_to(public.resolve()):
            with cleaner.going_on(path):
                path.unlink(missing_ok=True)
    return sorted(gone)


def _clean_pages(public: Path, addresses: Collection[str], cleaner: cleaning.Cleaning) -> None:
    """Remove the entries of lists and menus that lead to withdrawn pages."""
    links = "|".join(re.escape(address) for address in addresses)
    entry = re.compile(rf'[ \t]*<li\b[^>]*>(?:(?!</?li\b).)*?href="(?:{links})"(?:(?!</?li\b).)*</li>\n?', re.S)
    for path, text in cleaner.texts(public.rglob("*.html")):
        cleaned = entry.sub("", text)
        if cleaned != text:
            with cleaner.going_on(path):
                cleaning.replace(path, cleaned)


def _clean_search(folder: Path, gone: Collection[str], cleaner: cleaning.Cleaning) -> None:
    """Remove from one language's search the titles of withdrawn pages and every word that its page has no more."""
    said: dict[int, set[str]] = {}
    for file in (folder / pages.SEARCH).glob("*.json"):
        if file.name.startswith("pages-"):
            with cleaner.or_without(file):
                said |= _cleaned_titles(folder, file, gone)
    for file in (folder / pages.SEARCH).glob("*.json"):
        if not file.name.startswith("pages-"):
            with cleaner.or_without(file):
                _clean_shard(file, said)


def _cleaned_titles(folder: Path, file: Path, gone: Collection[str]) -> dict[int, set[str]]:
    """Clean one file of titles; return the words by which each of its pages may be found."""
    said = {}
    rows = json.loads(file.read_text(encoding="utf-8"))
    for number, row in enumerate(rows, start=int(file.stem.split("-")[1]) * PAGES_PER_FILE):
        withdrawn = f"/{folder.name}/{row[0]}" in gone
        row[1:] = ["", ""] if withdrawn else row[1:]
        said[number] = set() if withdrawn else _words(folder / row[0] / "index.html", row)
    cleaning.replace(file, json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
    return said


def _words(page: Path, row: Collection[str]) -> set[str]:
    """Return the words by which a page may be found: of its text, its title and its description."""
    text = _TAG.sub(" ", cleaning.read(page)) if page.exists() else ""
    return set(normalised_tokens(f"{unescape(text)} {' '.join(row)}"))


def _clean_shard(file: Path, said: Mapping[int, set[str]]) -> None:
    shard = json.loads(file.read_text(encoding="utf-8"))
    kept = {}
    for word, turns in shard.items():
        pairs = zip(turns[::2], turns[1::2], strict=True)
        if left := [part for pair in pairs if word in said.get(pair[0], ()) for part in pair]:
            kept[word] = left
    if kept != shard:
        cleaning.replace(file, json.dumps(kept, ensure_ascii=False, separators=(",", ":")))


def _clean_sitemap(public: Path, addresses: Collection[str]) -> None:
    path = public / "sitemap.xml"
    if not path.exists():
        return
    text = cleaning.read(path)
    for address in map(re.escape, addresses):
        text = re.sub(rf"<url><loc>[^<]*{address}</loc>.*?</url>\n?", "", text, flags=re.S)
        text = re.sub(rf'<xhtml:link [^>]*href="[^"]*{address}"/>\n?', "", text)
    cleaning.replace(path, text)


def _renew_manifest(public: Path) -> None:
    """List the changed pages in the manifest. Its signature does not fit any more: that there was one is kept."""
    path, signatures = public / ADDRESS[1:], public / SIGNATURES[1:]
    with suppress(OSError, Problem):
        manifest = build_manifest.read(path.read_bytes())
        fresh = replace(manifest, number=manifest.number + 1, files=files(public))
        # Each as a new file: a site that is kept beside this one may share the old.
        was_signed = signatures.is_file() and signatures.stat().st_size
        write_durably(signatures, build_manifest.CHANGED_AFTER_SIGNING if was_signed else b"")
        write_durably(path, build_manifest.write(fresh))


def present_name(text: str, content: Path, public: Path) -> str:
    """Return the name to which a page has moved that is named by an old address; else the name as it was given."""
    if _meant(_known_rows(content), text)[0]:
        return text
    moved = {
        consent_names.story_name(old): consent_names.story_name(new) for old, new in moved_pages.targets(public).items()
    }
    name = consent_names.story_name(text)
    for _step in moved:  # one may lead to the next
        name = moved.get(name, name)
    return name if consent_names.story_name(text) in moved else text


def stories_of(text: str, content: Path, public: Path) -> list[str] | None:
    """Return the stories that a person names by page, file, address, consent or picture, like "stories/the-advance".

    None where there is no such page among the staff's files or on the built site, and no such row in consents.csv.
    """
    name = consent_names.story_name(text)
    rows, alone = _meant(_known_rows(content), text)
    told = {consent_names.story_name(row["story"]) for row in rows if row.get("story")}
    told |= {story for row in rows for story in broken_rows.stories_in(row)}
    if alone:
        return sorted(told)
    files = [
        path.relative_to(layer.folder) for layer in lookup.layers(content) for path in layer.folder.glob("*/**/*.md")
    ]
    files += [path.parent.relative_to(public) for path in public.glob("*/**/index.html")]
    is_page = any(path.as_posix().partition("/")[2].removesuffix(".md").casefold() == name for path in files)
    stories = {*([name] if is_page else []), *told}
    return sorted(stories) if is_page or rows else None


def _meant(rows: Sequence[Mapping[str, str]], text: str) -> tuple[list[Mapping[str, str]], bool]:
    """Return the rows that a person means, and whether it is by their id: then no other person's consent is meant."""
    if exact := [row for row in rows if row.get("id", "").casefold() == text.strip().casefold()]:
        return exact, True
    named = [row for row in rows if _names(row, text)]
    return named or [row for row in rows if _holds(row, text)], False


def _holds(row: Mapping[str, str], text: str) -> bool:
    """Return whether a cell is what a person named, under whichever name of a column: two may have been exchanged."""
    cells = [cell for name, cell in row.items() if name != "approved_by"]
    return any(cell.casefold() == text.strip().casefold() or _is_story(cell, text) for cell in cells)


def _is_story(cell: str, text: str) -> bool:
    return consent_names.STORIES_FOLDER in cell and consent_names.story_name(cell) == consent_names.story_name(text)


def _names(row: Mapping[str, str], text: str) -> bool:
    story = row.get("story") and consent_names.story_name(row["story"]) == consent_names.story_name(text)
    listed_there = consent_names.media_name(text) in consent_names.media_names(row.get("media", ""))
    quoted_there = consent_names.page_name(text) in consent_names.page_names(row.get("quotes", ""))
    said = {
        text.strip().casefold(),
        consent_names.story_name(text),
        consent_names.media_name(text),
        consent_names.page_name(text),
    }
    return bool(story) or listed_there or quoted_there or not said.isdisjoint(broken_rows.names_in(row))


def also_named(text: str, content: Path) -> list[str]:
    """Return the ids of other consents whose story, file or page has the same name as the consent that is meant."""
    rows = _known_rows(content)
    meant, by_id = _meant(rows, text)
    others = (row for row in rows if by_id and row not in meant and _names(row, text))
    return sorted({row.get("id", "") for row in others})


def write_withdrawn(content: Path, told: str, today: date) -> int:
    """Write today as withdrawn_on into the rows of what a person named; return how many rows there are.

    Whatever else is wrong in the table; other rows stay as they are to the byte. Where a file beside it is newer, the
    table stays the older one: which of them counts is a person's decision. Raises Problem where there is no table.
    """
    path = content / consent_table.TABLE
    with consent_table.locked_table(content):
        in_doubt = path.stat() if consent_table.newer_file(content) else None
        found = _write_day(path, content, told, today)
        if in_doubt:
            os.utime(path, ns=(in_doubt.st_atime_ns, in_doubt.st_mtime_ns))
    withdrawn_drafts.remove(content)
    return found


def _write_day(path: Path, content: Path, told: str, today: date) -> int:
    table = _table(path)
    libraries = _whole(_rows_of_libraries(content))
    own = list(map(table.row, table.own))
    meant = _meant([*own, *libraries], told)[0]
    there = set(map(_id_of, own))
    if "id" in table.names:  # a library's row is withdrawn in the district's table
        new = [row for row in libraries if row in meant and _id_of(row) not in there]
        table = withdrawn_days.with_rows(table, new)
    ids = {_id_of(row) for row in libraries if row in meant} - {""}
    day = today.isoformat()
    table, found = withdrawn_days.with_day(table, lambda row: row in meant or _id_of(row) in ids, told, day)
    write_durably(path, table.bytes)
    return found


def _table(path: Path) -> withdrawn_days.ConsentTable:
    """Return the district's consents.csv as it stands. Raises Problem where there is none that is text."""
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    if not _is_text(data):
        what = _("is no table, so the day could not be written. Nothing that needs a consent is on the site meanwhile.")
        todo = _("Put it back as CSV, then withdraw this again, or it comes back with the next build.")
        raise Problem(csv_files.display_name(path), what, todo)
    return withdrawn_days.read(data)


def _is_text(data: bytes) -> bool:
    """Return whether a file may be a table: it is not empty, and no workbook."""
    return bool(data.strip()) and not data.startswith(csv_files.WORKBOOKS)


def rows_as_they_stand(content: Path) -> list[Mapping[str, str]]:
    """Return the rows of the district's consents.csv, whatever is wrong there; none where there is none."""
    with suppress(Problem):
        table = _table(content / consent_table.TABLE)
        return list(map(table.row, table.own))
    return []


def _known_rows(content: Path) -> Sequence[Mapping[str, str]]:
    """Return all rows by which a person may name something; as they stand where the table holds no consent."""
    return consent_table.read_leniently(content).rows or [*rows_as_they_stand(content), *_rows_of_libraries(content)]


def _rows_of_libraries(content: Path) -> list[Mapping[str, str]]:
    found: list[Mapping[str, str]] = []
    for layer in list(lookup.layers(content))[1:]:
        with suppress(Problem):
            sheet = csv_files.read_csv(layer.folder / consent_table.TABLE)
            found += [consent_table.parse_row(sheet.header, cells) for cells in sheet.rows]
    return found


def _whole(rows: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return [row for row in rows if not row.get(BROKEN)]


def remove_card(kit: Path) -> bool:
    """Remove the memory card's file and the papers that show pages, which hold the story; return whether any was there.

    An own paper that somebody keeps there stays. Raises OSError about one that cannot be removed, after all others.
    """
    found = [kit / "portal.zip", *(path for kind in PAPERS for path in kit.glob(f"{kind}-*.pdf"))]
    there = [path for path in found if path.exists()]
    cleaning.remove_each(there)
    return bool(there)


def keep_withdrawals(content: Path, base: bytes, here: bytes) -> list[str]:
    """Write withdrawals that were made on this machine into a consents.csv that came from elsewhere; return their ids.

    base: the table as it came before; here: as it was until now. What is withdrawn here and was not in `base` stays so.
    Where the new table cannot be read nothing is written: then it holds no consent at all.
    """
    path = content / consent_table.TABLE
    with consent_table.locked_table(content):
        data = path.read_bytes() if path.is_file() else b""
        fresh, ids = with_withdrawals(data, base, here)
        if ids:
            write_durably(path, fresh)
    return ids


def with_withdrawals(
    data: bytes, base: bytes, here: bytes, may_add: Callable[[Mapping[str, str]], bool] = lambda _row: True
) -> tuple[bytes, list[str]]:
    """Return a consents.csv with what was withdrawn in `here` since `base`, and the ids; as it is where none was.

    may_add: told a row that `data` has not, whether it may be written into it.
    """
    was, fresh = _rows_as_they_stand(base), _rows_of(data)
    made, nameless = _withdrawn_since(was, _rows_as_they_stand(here))
    known, ids = set(map(_id_of, was)), set(map(_id_of, fresh))
    there = {_id_of(row): row for row in reversed(fresh) if not row.get("withdrawn_on")}
    # Of a library, copied when it was withdrawn: nothing of it came from elsewhere.
    new = [row for id, row in made.items() if ids and id not in ids and id not in known]
    lost = [row for row in new if not row.get(BROKEN) and may_add(row)]
    back: dict[str, Mapping[str, str]] = {}
    for row in (*made.values(), *nameless):
        back = {**dict.fromkeys(_meant_there(row, there), row), **back} if row not in lost else back
    if not (lost or back):
        return data, []
    return _with_rows(data, back, lost), [*(there[id]["id"] for id in back), *(row["id"] for row in lost)]


def _withdrawn_since(
    was: Sequence[Mapping[str, str]], now: Sequence[Mapping[str, str]]
) -> tuple[dict[str, Mapping[str, str]], list[Mapping[str, str]]]:
    """Return the rows of `now` that are withdrawn and were not, by id; and those without an id."""
    before = Counter(_id_of(row) for row in was if row["withdrawn_on"])
    gone = [row for row in now if row["withdrawn_on"]]
    after = Counter(map(_id_of, gone))
    made = {id: row for row in gone if (id := _id_of(row)) and after[id] > before[id]}
    return made, [row for row in gone if not row.get("id")] if after[""] > before[""] else []


def _id_of(row: Mapping[str, str]) -> str:
    """Return the id of a row, in whatever letters it is written; "" where it has none."""
    return row.get("id", "").casefold()


def _meant_there(row: Mapping[str, str], there: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the ids of the rows that a withdrawn row means in another state of the table. there: by their ids.

    The id may have been mended meanwhile, or be another person's there: then what the row is for tells which is meant.
    """
    id, same = _id_of(row), [id for id, own in there.items() if _is_of(row, own)]
    return [id] if id in there and (id in same or not same) else same


def _is_of(row: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Return whether a row is for the same story, pictures or words as another one; a broken one as far as it tells."""
    named = broken_rows.names_in(row)
    if named:
        stories = broken_rows.stories_in(row)
        is_told = bool(other.get("story")) and consent_names.story_name(other["story"]) in stories
        return is_told or _id_of(other) in named
    told = consent_names.story_name(row["story"]) if row.get("story") else ""
    if told and other.get("story") and told == consent_names.story_name(other["story"]):
        return True
    pairs = ((consent_names.media_names, "media"), (consent_names.page_names, "quotes"))
    return not told and any(names(row.get(key, "")) & names(other.get(key, "")) for names, key in pairs)


def _rows_as_they_stand(data: bytes) -> list[Mapping[str, str]]:
    """Return the rows of a consents.csv, whatever is wrong there, each with its day in one form."""
    if not _is_text(data):
        return []
    table = withdrawn_days.read(data)
    return [{**row, "withdrawn_on": withdrawn_days.day_of(row)} for row in map(table.row, table.own)]


def _with_rows(data: bytes, back: Mapping[str, Mapping[str, str]], lost: Sequence[Mapping[str, str]]) -> bytes:
    """Return a consents.csv with the days of rows that it has (`back`, by id), and with rows that it lacks (`lost`)."""
    dialect = spreadsheet_csv.dialect_of(data)
    names, *rows = spreadsheet_csv.rows_of(data, dialect)
    columns = [name.strip() for name in names]
    if "withdrawn_on" not in columns:
        columns.append("withdrawn_on")
        names.append("withdrawn_on")
    at, on = columns.index("id"), columns.index("withdrawn_on")
    for row in rows:
        if (own := back.get(row[at].strip().casefold() if len(row) > at else "")) is not None:
            row.extend([""] * (len(columns) - len(row)))
            row[on] = row[on].strip() or own["withdrawn_on"]
    rows += [[row.get(name, "") for name in columns] for row in lost]
    return dialect.bom + spreadsheet_csv.text_of([names, *rows], dialect).encode()


def _rows_of(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a consents.csv that have an id, by the names of its columns; none where it cannot be read."""
    try:
        names, *rows = spreadsheet_csv.rows_of(data, spreadsheet_csv.dialect_of(data)) or [[]]
    except (UnicodeDecodeError, csv.Error):
        return []
    found = (dict(zip(map(str.strip, names), map(str.strip, row), strict=False)) for row in rows)
    return [row for row in found if row.get("id")]
