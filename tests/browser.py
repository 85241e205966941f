"""Find the browsers and tools of the tests, or install them from Debian's packages or (Chromium) from npm.

Run as a program (by `build.py test`) it installs what is missing, and says so. Playwright's own download is never used:
it is in neither of these registries.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

SHELL = "chromium-headless-shell"
"""Chromium without windows: the same engine, and a new context takes a seventh of the processor time.

It has no back-forward cache, asks for no microphone, and does not know the length of a sound in a folder.
"""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
NPM = Path(__file__).parents[1] / ".build" / "chromium"
FLAGS = (
    "--no-sandbox",  # as root, as CI is, Chromium has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that beeps; asked for with a permission all the same
)
FONTS = "fonts-noto-core"
ENGINES = {
    "Firefox": {"firefox-esr": "firefox-esr", "openssl": "openssl"},
    "WebKitGTK": {"WebKitWebDriver": "webkit2gtk-driver", "Xvfb": "xvfb"},
}
"""A second and a third engine (tests/journeys/engines.py): Debian's packages, by the program that each contains."""


def find(*, full: bool = False) -> str | None:
    """Return the path of a Chromium on this machine, or None. full: with windows, as people have it."""
    configured = os.environ.get("PORTAL_CHROMIUM")
    names = NAMES if full else (SHELL, *NAMES)
    installed = configured or next((path for name in names if (path := shutil.which(name))), None)
    candidates = [MAC, NPM / "chromium"]
    return installed or next((str(path) for path in candidates if path.exists()), None)


def get() -> str | None:
    """Return the path of a Chromium with windows, installing it if needed; None if that fails."""
    return find(full=True) or _from_debian() or _from_npm()


def _from_debian() -> str | None:
    apt = shutil.which("apt-get")
    if not apt or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    print("No Chromium here: installing it from Debian's packages (about a minute) ...", flush=True)
    return find(full=True) if _apt(apt, "chromium", FONTS) else None


def get_engines() -> list[str]:
    """Install the other engines if needed. Return the names of those that could not be installed."""
    apt = shutil.which("apt-get")
    packages = [
        package for programs in ENGINES.values() for program, package in programs.items() if not shutil.which(program)
    ]
    if packages and apt and hasattr(os, "geteuid") and os.geteuid() == 0:
        print(f"Installing {' and '.join(packages)} from Debian's packages (about a minute) ...", flush=True)
        _apt(apt, "--no-install-recommends", *packages)
    return [name for name, programs in ENGINES.items() if not all(map(shutil.which, programs))]


def _apt(apt: str, *packages: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-qq", "-y", *packages]):
        if subprocess.run([apt, *arguments], env=environment, capture_output=True, check=False).returncode:
            print("  That did not work.", flush=True)
            return False
    return True


def get_tools() -> None:
    """Install Debian's age, nginx and Chromium without windows if possible.

    Without them, tests open letters with npm's age-encryption, test gunicorn alone, and use the full Chromium.
    """
    apt = shutil.which("apt-get")
    tools = [package for name, package in (("age", "age"), ("nginx", "nginx-light")) if not shutil.which(name)]
    shell = [SHELL] if not shutil.which(SHELL) else []
    for packages in (tools, shell):  # separately: the first succeed also where the machine's list lacks the second
        if packages and apt and hasattr(os, "geteuid") and os.geteuid() == 0:
            print(f"Installing {' and '.join(packages)} from Debian's packages ...", flush=True)
            _apt(apt, "--no-install-recommends", *packages)


_UNPACK = """
const {default: chromium} = await import("@sparticuz/chromium");
const {copyFileSync, chmodSync} = await import("node:fs");
const path = await chromium.executablePath();
copyFileSync(path, process.argv[1]);
chmodSync(process.argv[1], 0o755);
"""


def _from_npm() -> str | None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node or sys.platform != "linux":
        return None
    print("No Chromium here: fetching one from the npm registry (about a minute) ...", flush=True)
    NPM.mkdir(parents=True, exist_ok=True)
    steps = (
        [npm, "install", "--silent", "--no-save", "--no-package-lock", "--prefix", str(NPM), "@sparticuz/chromium"],
        [node, "--input-type=module", "-e", _UNPACK, str(NPM / "chromium")],
    )  # fmt: skip
    for arguments in steps:
        if subprocess.run(arguments, cwd=NPM, capture_output=True, check=False).returncode:
            print("  That did not work.", flush=True)
            return None
    return find()


def slow(page: Any, *, kilobits: int, milliseconds: int) -> None:
    """Throttle a page's network like a phone's: kbit/s each way, ms of latency."""
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    rate = kilobits * 1000 / 8
    client.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": milliseconds, "downloadThroughput": rate, "uploadThroughput": rate},
    )


def main() -> int:
    """Install three browsers. Return 1 if one is missing in CI; elsewhere print a sentence and return 0."""
    get_tools()
    missing = get_engines()
    for name in missing:
        print(f"{name} could not be had from Debian's packages: {', '.join(ENGINES[name].values())}.", flush=True)
    if not get():
        missing.append("Chromium")
        print("No Chromium could be had. Install one, or name it in PORTAL_CHROMIUM.", flush=True)
    if not missing:
        return 0
    if os.environ.get("CI"):
        return 1
    print("The tests that need it are skipped.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
