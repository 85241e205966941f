"""Nu HTML Checker and Lighthouse (mobile) over the built site, by hand: both come from npm and need Java and Chromium.

    python3 build.py build && .venv/bin/python bench/lighthouse.py

Prints the checker's verdict over every page, and Lighthouse's scores for each kind of page in two scripts.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site"), str(ROOT / "tests")]
from browser import find  # noqa: E402

from forms.server.app import create_app  # noqa: E402
from forms.web.serving import make  # noqa: E402

TOOLS = ROOT / ".build" / "npm"
GOOD = 0.9
KINDS = ("", "signs/", "is-this-me/", "approach-police/", "help/", "tell/", "events/", "stories/the-advance/")


def run(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload, no-any-return]  # noqa: S603


def install() -> None:
    TOOLS.mkdir(parents=True, exist_ok=True)
    if not (TOOLS / "node_modules" / "lighthouse").is_dir():
        process = run("npm", "install", "--no-save", "vnu-jar", "lighthouse", cwd=TOOLS)
        if process.returncode:
            sys.exit(process.stderr[-500:])


def markup() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for page in (ROOT / "public").rglob("*.html"):
            copy = Path(folder) / page.relative_to(ROOT / "public")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(page, copy)
        count = len(list(Path(folder).rglob("*.html")))
        jar = next(TOOLS.rglob("vnu.jar"))
        process = run("java", "-jar", str(jar), "--skip-non-html", "--format", "text", folder)
        print(f"Nu HTML Checker, {count} pages:", process.stderr.strip()[-2000:])


def lighthouse() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            {"portal": ROOT / ".build" / "portal.json", "public": ROOT / "public", "data": Path(folder) / "server"}
        )
        server = make(app, "127.0.0.1", 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {**os.environ, "CHROME_PATH": find() or ""}
        print(f"{'page':<26} {'perf':>5} {'a11y':>5} {'best':>5} {'SEO':>5}")
        for language in ("en", "ta", "or"):
            for kind in KINDS:
                address = f"http://127.0.0.1:{server.server_port}/{language}/{kind}"
                out = Path(folder) / "report.json"
                process = run(
                    "node", str(TOOLS / "node_modules/lighthouse/cli/index.js"), address, "--quiet", "--output=json",
                    f"--output-path={out}", "--chrome-flags=--headless --no-sandbox", env=environment,
                )  # fmt: skip
                if process.returncode:
                    sys.exit(process.stderr[-800:])
                report = json.loads(out.read_text())
                names = ("performance", "accessibility", "best-practices", "seo")
                scores = [round(100 * (report["categories"][name]["score"] or 0)) for name in names]
                print(f"{language}/{kind:<23} " + " ".join(f"{score:>5}" for score in scores))
                for name in names:
                    for row in report["categories"][name]["auditRefs"]:
                        audit = report["audits"][row["id"]]
                        if row["weight"] and audit["score"] is not None and audit["score"] < GOOD:
                            print(f"    {name}: {audit['title']}")
        server.shutdown()


if __name__ == "__main__":
    install()
    markup()
    lighthouse()
