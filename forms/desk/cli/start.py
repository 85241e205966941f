"""Start of the installed command `portal-desk`."""

import sys
from importlib.util import find_spec

NEEDED = ("brotli", "openpyxl", "requests", "segno", "typst")


def main() -> None:
    """Run the desk. Ends with a sentence where the folder was installed without the desk's packages."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        sys.exit(f"Packages of the desk are missing ({', '.join(missing)}). Install them: pip install '.[desk]'")
    from forms.desk.cli.main import main as run_desk  # noqa: PLC0415 - it imports what may be missing

    run_desk()
