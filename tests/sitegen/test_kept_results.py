"""What a program is made into between runs: compiled templates and words are taken from a store, or made again."""

import json
import shutil
from dataclasses import replace
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment
from sitegen.incremental import trees

from forms.core import i18n
from forms.core.builds import manifest
from forms.core.builds.manifest import BuildManifest, PublishedFile
from forms.core.files import kept_results
from forms.core.rendering.environment import CompiledTemplates


class InMemory(dict[bytes, bytes]):
    """A store that ends with the test."""

    def put(self, key: bytes, value: bytes) -> bytes:
        return self.setdefault(key, value)


def render(store: InMemory, mark: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """Draw a template in a new process, as it were; return what it says and how many templates were compiled."""
    compiled: list[str] = []
    real = Environment.compile
    templates = CompiledTemplates()
    templates.keep_in(mark, store)
    with monkeypatch.context() as patched:
        patched.setattr(
            Environment, "compile", lambda self, source, *rest: compiled.append(source) or real(self, source, *rest)
        )
        text = Environment(loader=DictLoader({"a.html": "{{ 6 * 7 }}"}), bytecode_cache=templates, autoescape=True)
        return text.get_template("a.html").render(), len(compiled)


def test_a_template_is_compiled_once_for_all_runs_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    store = InMemory()
    assert render(store, b"one", monkeypatch) == ("42", 1)
    assert render(store, b"one", monkeypatch) == ("42", 0)
    assert render(store, b"another program", monkeypatch) == ("42", 1)
    store = InMemory(dict.fromkeys(store, b"damaged"))
    assert render(store, b"one", monkeypatch) == ("42", 1)


def test_words_are_kept_as_gettext_reads_them() -> None:
    store = InMemory()
    i18n.keep_compiled(b"mark", store)
    own = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Send"\nmsgstr "அனுப்பவும் இங்கே"\n'
    try:
        i18n.set_request_words({"ta": own})
        catalogue = i18n.translations("ta")
    finally:
        i18n.set_request_words(None)
        i18n.keep_compiled(b"mark", None)
    [stored] = store.values()
    for text in ("Send", "Go on", "This page has moved"):
        assert GNUTranslations(BytesIO(stored)).gettext(text) == catalogue.gettext(text)


def test_what_follows_from_other_values_is_made_anew() -> None:
    store, calls = InMemory(), []
    for words in (("a", "bc"), ("ab", "c"), ("a", "bc")):
        kept_results.get_or_make(store, words, lambda: calls.append(1) or b"made")
    assert len(calls) == 2
    assert kept_results.get_or_make(None, ("a",), lambda: b"made here") == b"made here"


TEXT = st.text(max_size=8)


@given(st.dictionaries(TEXT.map("/{}".format), st.integers(0, 10**9), max_size=4), TEXT)
def test_a_manifest_is_the_json_that_it_always_was(files: dict[str, int], word: str) -> None:
    built = BuildManifest(7, "2027-01-01", {path: PublishedFile("ab" * 32, size) for path, size in files.items()},
                          {word: {"reads": (word,), "keys": (), "signing": (word, "b")}}, "0" * 64)  # fmt: skip
    data = {
        "version": 1, "number": 7, "day": "2027-01-01", "portal": "0" * 64, "desks": built.desks,
        "files": {path: ["ab" * 32, size] for path, size in sorted(files.items())},
    }  # fmt: skip
    expected = json.dumps(data, indent=0, ensure_ascii=False)
    assert manifest.write(built) == expected.encode()


@given(
    st.dictionaries(TEXT.map("/{}".format), st.integers(0, 10**9), min_size=1, max_size=4),
    st.dictionaries(TEXT.map("/{}".format), st.integers(0, 10**9), max_size=2),
    TEXT,
    st.data(),
)
def test_a_manifest_with_other_bytes_in_some_files_is_as_if_written_anew_or_none(
    files: dict[str, int], others: dict[str, int], word: str, data: st.DataObject
) -> None:
    published = {path: PublishedFile("ab" * 32, size) for path, size in files.items()}
    built = BuildManifest(
        7, "2027-01-01", published, {f"{word}/": {"reads": (word,), "keys": (), "signing": ()}}, "0" * 64
    )
    changed_paths = data.draw(st.sets(st.sampled_from(sorted(files)))) | {*others}
    changed = {path: PublishedFile("cd" * 32, 10 + len(path)) for path in changed_paths}
    found = manifest.with_changed_files(manifest.write(built), lambda number: number + 1, changed)
    if changed_paths <= files.keys():
        assert found is not None
    if found is not None:
        assert found == manifest.write(replace(built, number=8, files={**published, **changed}))


def test_a_path_may_hold_the_sign_that_ends_an_entry() -> None:
    """Else the list of a build would hold what is no JSON, and the site would no longer be checked."""
    built = BuildManifest(7, "2027-01-01", {"/a]": PublishedFile("ab" * 32, 5)}, {}, "0" * 64)
    changed = {"/a]": PublishedFile("cd" * 32, 6)}
    written = manifest.with_changed_files(manifest.write(built), lambda number: number + 1, changed)
    assert written == manifest.write(replace(built, number=8, files=changed))


def test_what_no_program_of_ours_wrote_is_no_manifest_to_write_into() -> None:
    listed = b'{\n"version": 1,\n"number": 7,\n"files": {\n"/a": [\n"x",\n1\n]\n}\n}'
    file = {"/a": PublishedFile("ab" * 32, 5)}
    assert manifest.with_changed_files(listed, lambda number: number + 1, file)
    for other in (listed.replace(b"[\n", b"["), listed.replace(b'1,\n"number"', b'2,\n"number"'), listed + listed, b""):
        assert manifest.with_changed_files(other, lambda number: number + 1, file) is None


@pytest.mark.parametrize("forks", [True, False])
def test_a_folder_is_looked_at_beside_with_the_same_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forks: bool
) -> None:
    if not forks:
        monkeypatch.delattr("os.fork", raising=False)
    site = tmp_path / "site"
    (site / "en").mkdir(parents=True)
    (site / "en" / "index.html").write_text("text", encoding="utf-8")
    tree = trees.scan(site)
    check = trees.CheckBeside(site, tree)
    assert check.holds()
    assert check.holds()
    (site / "en" / "index.html").write_text("test", encoding="utf-8")
    assert not trees.CheckBeside(site, tree).holds()
    shutil.rmtree(site)
    assert not trees.CheckBeside(site, tree).holds()
    assert not trees.CheckBeside(site, {}).holds()
