"""A folder for what is not finished: empty at first, gone at last, and never that of a process at work."""

from __future__ import annotations

import os
from pathlib import Path

from loaders.workshop import workshop


def test_what_a_killed_process_of_the_same_number_left_is_not_worked_on(tmp_path: Path) -> None:
    left = [tmp_path / f".making-{process}" for process in (os.getpid(), 999999999)]
    others = [tmp_path / name for name in (f".making-{os.getppid()}", ".making-it-up", f".reading-{999999999}")]
    for folder in (*left, *others):
        folder.mkdir()
        (folder / "half").write_text("half of it")
    with workshop(tmp_path, "making") as folder:
        assert folder == left[0]
        assert list(folder.iterdir()) == []
        assert sorted(tmp_path.iterdir()) == sorted([folder, *others])
    assert sorted(tmp_path.iterdir()) == sorted(others)
