"""The program is edited between builds, as developers do: the bytes are those of a build from scratch, by that program."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_incremental import files

ROOT = Path(__file__).parents[2]
COPIED = ("site", "forms", "locks")

EDITS = (
    ("forms/core/templates/base.html", '<a class="skip"', '<a class="seen"'),
    ("site/sitegen/render/search_index.py", "PAGES_PER_FILE = 50", "PAGES_PER_FILE = 2 "),
    ("forms/core/i18n/ta.po", "முகப்பு", "முகப்ப்"),
)
"""A template, our own code and the words of a language: a file, what stands there, and what takes its place."""

BUILD = """
import sys
from datetime import date
from pathlib import Path
from tests.commands import run, site_in

done = run(site_in(Path(sys.argv[1]), date.fromisoformat(sys.argv[2])), "build", "--no-speech", "--no-compress")
print(done.output)
sys.exit(done.exit_code)
"""


@pytest.fixture
def program(folder: Folder) -> Folder:
    """A built district, with a program of its own around it."""
    shutil.rmtree(folder.root / "site")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder.root / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    folder.page("rights", "Your rights.")
    folder.page("rights", "உரிமைகள்.", "ta")
    build(folder.root)
    return folder


def build(root: Path) -> str:
    """Build with the program in this folder, in a process of its own; return what it says."""
    paths = os.pathsep.join(map(str, (root, root / "site", ROOT)))
    process = subprocess.run(
        [sys.executable, "-P", "-c", BUILD, str(root), TODAY.isoformat()],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def from_scratch(folder: Folder) -> dict[str, bytes]:
    """Return the files of a site that the same program builds of the same content where nothing was built."""
    other = folder.root.with_name("from scratch")
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(folder.root, other, ignore=shutil.ignore_patterns("public", "public.twin", ".build", "__pycache__"))
    (other / ".build").mkdir()
    (other / ".build" / "seal").symlink_to((folder.root / ".build" / "seal").resolve())
    build(other)
    return files(other / "public")


def replace(path: Path, old: str, new: str) -> None:
    """Write something else of the same size into a file. It keeps its time, unless Python goes by that and the size."""
    text, before = path.read_text(encoding="utf-8"), path.stat()
    assert old in text
    assert len(old.encode()) == len(new.encode())
    path.write_text(text.replace(old, new), encoding="utf-8")
    if path.suffix != ".py":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_after_edits_of_templates_code_and_words_the_bytes_are_those_from_scratch(program: Folder) -> None:
    for name, old, new in EDITS:
        before = files(program.root / "public")
        replace(program.root / name, old, new)
        assert "Built 1 pages" not in build(program.root)
        assert files(program.root / "public") != before, name
        program.page("rights", f"Other rights, after {old.partition(' ')[0].strip('<')}.")
        assert "Built 3 pages" in build(program.root), "the page, in each language: nothing else was edited"
        assert files(program.root / "public") == from_scratch(program), name
