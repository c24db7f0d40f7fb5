"""A hidden folder for unfinished files beside the finished ones: on the same disk, so that they can be renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def workshop(home: Path, doing: str) -> Iterator[Path]:
    """The folder `.<doing>-<process>` in `home`, gone afterwards. Those that killed processes left go first."""
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob(f".{doing}-*"):
        if not _is_running(left.name.rpartition("-")[2]):
            shutil.rmtree(left, ignore_errors=True)
    path = home / f".{doing}-{os.getpid()}"
    path.mkdir(exist_ok=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True
