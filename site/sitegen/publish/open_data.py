"""The counts and commitments as open data: one Frictionless Data Package as a zip, with licence and dictionary."""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from forms.core.files.spreadsheet_csv import for_spreadsheets
from sitegen.content.settings import read_settings
from sitegen.content.tables import Row
from sitegen.languages import table_schemas
from sitegen.render.context import Context

TABLES = ("heard", "commitments", "themes", "honours", "places", "work")
ADDRESS = "open-data/open-data.zip"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip: the same data gives the same file


def write(root: Path, out: Path, context: Context) -> Path:
    """Write the zip into the built site; return its path. Its licence is `open_data` of portal.yml."""
    codes = context.portal.language_codes()
    schemas = {name: table_schemas.read(root / "site" / "schemas" / f"{name}.yaml", codes) for name in TABLES}
    licence = read_settings(root / "content").get("open_data") or {}
    path = out / ADDRESS
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _files(context, schemas, licence):
            data = text if isinstance(text, bytes) else text.encode()
            archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), data, zipfile.ZIP_DEFLATED)
    return path


def _files(
    context: Context, schemas: Mapping[str, Any], licence: Mapping[str, str]
) -> Iterator[tuple[str, str | bytes]]:
    yield "datapackage.json", json.dumps(_package(context, schemas, licence), ensure_ascii=False, indent=1)
    for name, schema in schemas.items():
        yield f"data/{name}.csv", _csv([field["name"] for field in schema["fields"]], context.tables[name])
    yield "README.md", "\n".join(_dictionary(context, schemas, licence))


def _package(context: Context, schemas: Mapping[str, Any], licence: Mapping[str, str]) -> dict[str, Any]:
    package: dict[str, Any] = {
        "name": "listening-loop",
        "title": f"{context.portal.programme['en']}: what was heard and promised",
        "homepage": f"{context.portal.address}/en/numbers/",
        "resources": [
            {
                "name": name, "path": f"data/{name}.csv", "title": schema["title"], "format": "csv",
                "mediatype": "text/csv", "encoding": "utf-8", "schema": schema,
            }
            for name, schema in schemas.items()
        ],
    }  # fmt: skip
    return {**package, "licenses": [dict(licence)]} if licence else package


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    return for_spreadsheets([columns, *([row[column] for column in columns] for row in rows)], "\n")


def _dictionary(context: Context, schemas: Mapping[str, Any], licence: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of the README, which describes every column."""
    yield f"# {context.portal.programme['en']}: what was heard and promised\n"
    terms = f"{licence['title']}, {licence['path']}" if licence else "not named yet; ask before you use it"
    yield f"Licence: {terms}\n"
    yield "heard.csv counts letters, never people. A count that is not there is under 5, or is kept back so that no"
    yield "count under 5 can be found. A published quarter is never changed. Rows with example true are invented.\n"
    for name, schema in schemas.items():
        yield f"## data/{name}.csv: {schema['title']}\n"
        yield from (f"- `{field['name']}` ({field['type']}): {field['description']}" for field in schema["fields"])
        yield ""
