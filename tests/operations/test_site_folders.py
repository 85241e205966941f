"""The place of a district's site, as whoever installs its office names it and as a build makes it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sitegen.layers import site_root

from forms.operations.districts import site_folders


def test_an_office_sees_the_folder_that_a_build_makes_also_where_content_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "checkouts" / "riverside").mkdir(parents=True)
    (tmp_path / "checkouts" / "riverside" / "portal.yml").touch()
    link = tmp_path / "content of riverside"
    link.symlink_to(tmp_path / "checkouts" / "riverside")
    program = tmp_path / "program"
    district: Any = SimpleNamespace(name="riverside", content=link)
    assert site_folders.root_of(program, district) == site_root.of(program, link)
