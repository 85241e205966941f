"""What `build.py words` shows, and the advice on plain English."""

from typing import Any

from sitegen.build import prepare
from sitegen.checks.plain_english import advice
from sitegen.checks.translation_progress import progress, table

from tests.sitegen.conftest import KEY, TODAY  # type: ignore[import-not-found]


def library(folder: Any) -> Any:
    keys = {"police": (KEY, "sha256:0"), "events": (KEY, "sha256:1")}
    return prepare(folder.root, keys=keys, today=TODAY)[0].library


def test_each_language_shows_what_it_lacks(folder: Any) -> None:
    folder.page("signs")
    folder.page("signs", language="ta", reviewed_by="nobody")
    folder.page("index", changed="2026-06-01")
    rows = {row.language: row for row in progress(library(folder), {("ta", "signs"): folder.root})}
    assert rows["or"].missing == ("signs.md",)
    assert rows["ta"].missing == ()
    assert rows["ta"].stale == ("index.md",)
    assert rows["ta"].unreviewed == ("signs.md",)
    assert "signs" not in rows["ta"].unrecorded
    assert "signs" in rows["or"].unrecorded
    assert rows["en"].words == ()
    lines = "\n".join(table(iter(rows.values()), {"or": "ଓଡ଼ିଆ"}))
    assert "content/or/signs.md: missing" in lines
    assert "content/ta/index.md: the English has changed since" in lines


def test_long_sentences_and_hard_words_are_named_with_their_line(folder: Any) -> None:
    folder.page("long", "Short.\n\n" + " ".join(["word"] * 25) + ".\n\nPlease utilise it.")
    lines = list(advice(library(folder)))
    assert any("content/en/long.md, line 10: a sentence of 25 words" in line for line in lines)
    assert any('line 12: "utilise". People say: use.' in line for line in lines)


def test_links_blocks_and_quoted_speech_are_left_alone(folder: Any) -> None:
    folder.page("fine", 'He said: "I provide it."\n\n[A](https://x.org/provide/obtain)\n\n[[ signs ]]')
    assert list(advice(library(folder))) == []


def test_english_that_stands_in_is_marked_as_english(folder: Any) -> None:
    folder.page("signs", "[[ signs ]]\n\n- [The Paper, 2025](https://paper.example/)", language="ta")
    folder.page("signs", "[[ signs ]]")
    public = folder.build()
    html = (public / "ta" / "signs" / "index.html").read_text(encoding="utf-8")
    assert '<span lang="en">A debt that never ends</span>' in html
    assert '<a href="https://paper.example/" lang="en">The Paper, 2025</a>' in html
    assert 'lang="en">A debt' not in (public / "en" / "signs" / "index.html").read_text(encoding="utf-8")
