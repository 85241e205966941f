"""Folders that change places where the system cannot exchange names: what is killed in between is mended."""

from functools import partial
from pathlib import Path

import pytest

from forms.core.files import folder_swap

from .operations.test_cut_short import MOST, cut_at


def made(folder: Path, name: str, text: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "text").write_text(text)
    return folder / name


@pytest.fixture(autouse=True)
def without_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_swap, "exchange", lambda *_: False)


def test_the_same_exchange_is_ended_or_begun_again_and_loses_neither(tmp_path: Path) -> None:
    for at in range(1, MOST):
        one, other = made(tmp_path / str(at), "one", "older"), made(tmp_path / str(at), "other", "newer")
        came = cut_at(at, partial(folder_swap.change_places, one, other))
        folder_swap.change_places(one, other)
        assert sorted(path.name for path in one.parent.iterdir()) == ["one", "other"]
        assert sorted((path / "text").read_text() for path in (one, other)) == ["newer", "older"]
        if not came:
            break
    assert at == 4


def test_a_killed_replacement_is_done_by_the_next_and_leaves_nothing(tmp_path: Path) -> None:
    for at in range(1, MOST):
        fresh, out = made(tmp_path / str(at), "fresh", "newer"), made(tmp_path / str(at), "out", "older")
        came = cut_at(at, partial(folder_swap.swap, fresh, out))
        if not fresh.exists():
            made(tmp_path / str(at), "fresh", "newer")
        folder_swap.swap(fresh, out)
        assert (out / "text").read_text() == "newer"
        if out.with_name("out.aside").exists():
            folder_swap.swap(made(tmp_path / str(at), "fresh", "newest"), out)
        assert [path.name for path in out.parent.iterdir()] == ["out"]
        if not came:
            break
    assert at > 2
