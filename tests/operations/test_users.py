"""Commands that the wrong user runs, or root with a private umask: a sentence, and no file that stops anything later."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands.cli.main import root_of
from commands.site import Program

from forms.core.problem import Problem
from forms.operations import installation
from forms.operations.installation import become_owner
from tests.commands import no_node, run, site_in

from .test_installing import Machine

SERVICE = 995


@pytest.fixture
def private_umask() -> Iterator[None]:
    """Root's umask on many servers: what it makes is nobody else's to read."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let this process take itself for root, and a folder for that of the service; whom it became."""
    became: list[int] = []
    real = Path.stat

    def stat(self: Path, **options: Any) -> os.stat_result:
        found = real(self, **options)
        return os.stat_result([*found[:4], SERVICE, SERVICE, *found[6:]]) if self.name == "owned" else found

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(os, "geteuid", lambda: became[-1] if became else 0)
    monkeypatch.setattr(os, "setgroups", lambda _: None)
    monkeypatch.setattr(os, "setgid", lambda _: None)
    monkeypatch.setattr(os, "setuid", became.append)
    return became


def test_a_program_that_the_service_cannot_read_is_said(
    tmp_path: Path, as_root: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python in /root, or a checkout with a private umask: modules that were loaded later were said to be missing."""
    (tmp_path / "owned").mkdir()
    become_owner(tmp_path / "owned")
    assert as_root == [SERVICE]
    as_root.clear()
    monkeypatch.setattr(installation.os, "access", lambda path, _: Path(path) != Path(os.__file__))
    with pytest.raises(Problem, match=f"cannot read {os.__file__}, so that neither this nor the service can run"):
        become_owner(tmp_path / "owned")


@pytest.mark.parametrize(
    "words",
    [
        ("add-language", "bn"), ("withdraw", "x"), ("check",), ("build",), ("serve", "--help"),
        ("edit", "--out", "x", "review-pack", "--help"), ("edit", "office", "--help"), ("new-publisher-key", "--help"),
    ],
)  # fmt: skip
def test_root_writes_nothing_that_who_publishes_could_not_replace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    became: list[Path] = []
    monkeypatch.setattr(installation, "become_owner", became.append)
    (tmp_path / "published").mkdir()
    assert "Traceback" not in run(site_in(tmp_path), *words).output
    assert became == [tmp_path / "published"]


@pytest.mark.parametrize("command", ["build", "publish", "update", "edit"])
def test_root_makes_nothing_of_a_district_where_who_publishes_may_lay_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """.build is the publisher's: without the folder of its releases, a district was built and published as root."""
    calls: list[tuple[Path, bool]] = []
    content, place = tmp_path / "riverside", tmp_path / "program" / ".build" / "districts" / "riverside"
    content.mkdir()
    (content / "portal.yml").touch()
    monkeypatch.setattr(installation, "become_owner", lambda path: calls.append((path, place.exists())))
    program = Program(tmp_path / "program" / "build.py", tmp_path, (), no_node)
    program.root.mkdir()
    assert root_of(program, ["build.py", "--content", str(content), command]) == place
    assert calls == [(tmp_path / "program" / "published", False)]


@pytest.mark.usefixtures("private_umask")
def test_an_installation_with_a_private_umask_is_read_by_its_services(tmp_path: Path) -> None:
    """nginx looks into portal-acme as www-data, and who publishes reads allowed_signers in /etc/portal."""
    Machine(tmp_path).installation().install()
    folders = ("etc/portal", "etc/portal-tls", "var/www", "var/www/portal-acme")
    assert {name: oct((tmp_path / name).stat().st_mode & 0o777) for name in folders} == dict.fromkeys(folders, "0o755")
