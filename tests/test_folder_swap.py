"""Folders that change places where the system cannot exchange names: what is killed in between is mended."""

from functools import partial
from pathlib import Path

import pytest

from forms.core.files import folder_swap

from .operations.test_cut_short import MAX_CHANGES, cut_at


def make_folder(folder: Path, name: str, text: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "text").write_text(text)
    return folder / name


@pytest.fixture(autouse=True)
def without_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_swap, "exchange", lambda *_: False)


def test_the_same_exchange_is_ended_or_begun_again_and_loses_neither(tmp_path: Path) -> None:
    for change_number in range(1, MAX_CHANGES):
        one, other = (
            make_folder(tmp_path / str(change_number), "one", "older"),
            make_folder(tmp_path / str(change_number), "other", "newer"),
        )
        was_interrupted = cut_at(change_number, partial(folder_swap.change_places, one, other))
        folder_swap.change_places(one, other)
        assert sorted(path.name for path in one.parent.iterdir()) == ["one", "other"]
        assert sorted((path / "text").read_text() for path in (one, other)) == ["newer", "older"]
        if not was_interrupted:
            break
    assert change_number == 4


def test_a_killed_replacement_is_done_by_the_next_and_leaves_nothing(tmp_path: Path) -> None:
    for change_number in range(1, MAX_CHANGES):
        prepared, out = (
            make_folder(tmp_path / str(change_number), "fresh", "newer"),
            make_folder(tmp_path / str(change_number), "out", "older"),
        )
        was_interrupted = cut_at(change_number, partial(folder_swap.swap, prepared, out))
        if not prepared.exists():
            make_folder(tmp_path / str(change_number), "fresh", "newer")
        folder_swap.swap(prepared, out)
        assert (out / "text").read_text() == "newer"
        if out.with_name("out.aside").exists():
            folder_swap.swap(make_folder(tmp_path / str(change_number), "fresh", "newest"), out)
        assert [path.name for path in out.parent.iterdir()] == ["out"]
        if not was_interrupted:
            break
    assert change_number > 2
