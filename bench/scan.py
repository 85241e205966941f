"""A web scanner over the running endpoint: what does it find?

`python bench/scan.py /path/of/wapiti [seconds]` (in .venv; PYTHONPATH=.:site). wapiti3 (PyPI) lives in a venv of its
own, since it brings many: `python3 -m venv w && w/bin/pip install wapiti3`. Scans a served copy on this
machine with its own data folder, never a portal that people use. Ends with 1 where something was found.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from intake import ROOT, district, gunicorn

sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from forms.core import portal as portals  # noqa: E402

STARTS = ("forms/en/concern", "forms/en/answer", "forms/en/followup", "forms/sealed/v1/terms", "pickup/v1/letters")


EXPECTED = {
    "vulnerabilities: Cross Site Request Forgery": "no cookie and no session here: nobody in whose name to send",
}


def scan(wapiti: str, port: int, folder: Path, seconds: int) -> dict[str, list[dict[str, str]]]:
    """What wapiti reports, by kind."""
    address, report = f"http://127.0.0.1:{port}/", folder / "report.json"
    starts = [argument for path in STARTS for argument in ("-s", address + path)]
    subprocess.run(  # noqa: S603 - the scanner that was named
        [wapiti, "-u", address + STARTS[0], *starts, "--scope", "domain", "-m", "all", "--max-scan-time", str(seconds),
         "--store-session", str(folder / "session"), "--flush-session", "-f", "json", "-o", str(report),
         "--verify-ssl", "0", "--no-bugreport", "-v", "0"],
        check=True, timeout=3 * seconds + 120,
    )  # fmt: skip
    report_data = json.loads(report.read_text())
    return {
        f"{group}: {kind}": rows
        for group in ("vulnerabilities", "anomalies")
        for kind, rows in report_data[group].items()
        if rows
    }


def main() -> int:
    """Serve, scan, tell."""
    if len(sys.argv) < 2:  # noqa: PLR2004
        sys.exit(__doc__)
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 180  # noqa: PLR2004
    portal, _ = district()
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        portals.write(portal, folder / "portal.json")
        settings = {"PORTAL_PORTAL": str(folder / "portal.json"), "PORTAL_DATA": str(folder / "data")}
        with gunicorn(folder, **settings) as (port, _):
            found = scan(sys.argv[1], port, folder, seconds)
    for kind, rows in found.items():
        print(kind)
        for row in rows[:5]:
            print(f"  {row['method']} {row['path']} {row.get('parameter') or ''}: {row['info'][:160]}")
        if kind in EXPECTED:
            print(f"  As it must be: {EXPECTED[kind]}.")
    unexpected = [row for kind, rows in found.items() if kind not in EXPECTED for row in rows]
    print(f"{len(unexpected)} findings")
    return int(bool(unexpected))


if __name__ == "__main__":
    sys.exit(main())
