"""Files on file systems that lack something: shares, sticks, FUSE."""

import errno
import os
import stat
from pathlib import Path

import pytest

from forms.core.files.durable import write_durably, write_safely


@pytest.mark.parametrize("why", [errno.EINVAL, errno.ENOTSUP, errno.EBADF])
def test_a_file_is_kept_where_folders_cannot_be_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: int
) -> None:
    """On SMB the note was written, and the desk said that it was not: it was written twice."""
    real = os.fsync

    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(why, os.strerror(why))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_safely(tmp_path / "new" / "note", b"one")
    write_durably(tmp_path / "page", b"two")
    assert (tmp_path / "new" / "note").read_bytes() == b"one"


@pytest.mark.parametrize("why", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: int) -> None:
    def fsync(_: int) -> None:
        raise OSError(why, os.strerror(why))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=os.strerror(why)):
        write_safely(tmp_path / "note", b"one")
    assert not (tmp_path / "note").exists()
