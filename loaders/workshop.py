"""Folders for what is not finished, each named for its process: what one that was killed has left is thrown away."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER_PREFIX = "millrace-"  # of those in the system's temporary folder; the number of the process comes next


@contextmanager
def workshop(home: Path, doing: str) -> Iterator[Path]:
    """The hidden folder `.<doing>-<process>` in `home`, gone afterwards.

    It is on the same disk as what is finished there, so that a file takes its place at once.
    """
    home.mkdir(parents=True, exist_ok=True)
    clear_left(home, f".{doing}-")
    path = home / f".{doing}-{os.getpid()}"
    shutil.rmtree(path, ignore_errors=True)  # numbers are given again: in a container every process may have the same
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def clear_left(home: Path, prefix: str) -> None:
    """Remove the folders `<prefix><process>` and `<prefix><process>-...` in `home` whose processes have ended."""
    for left in home.glob(f"{prefix}*"):
        process = left.name.removeprefix(prefix).partition("-")[0]
        if process.isdecimal() and not _is_running(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
