"""Start of the installed command `portal-desk`."""

import sys
from importlib.util import find_spec

REQUIRED_PACKAGES = ("brotli", "openpyxl", "requests", "segno", "typst")


def main() -> None:
    """Run the desk. Exits with a sentence if the project was installed without the desk's packages."""
    if missing := [name for name in REQUIRED_PACKAGES if find_spec(name) is None]:
        sys.exit(f"Packages of the desk are missing ({', '.join(missing)}). Install them: pip install '.[desk]'")
    from forms.desk.cli.main import main as run_desk  # noqa: PLC0415 - it imports packages that may be missing

    run_desk()
