"""Settings that keep a loading process flat, and its peak.

Measured on 16 million rows: 686 MB with the defaults, 231 MB with these.
"""

import ctypes
import gc
import os
import platform
import resource
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # glibc's mallopt parameters
_MMAP_THRESHOLD_BYTES = 128 << 10  # glibc's own default, which it gives up as soon as a larger block is freed

OBJECTS_BETWEEN_COLLECTIONS = 20_000  # Python's own 700 is for programs that make cycles; 2 MB of small objects

# DuckDB holds the last rows of every column uncompressed until it has 122,880 of them, in the table and in its staging
# table. Of a wide table it writes some of that to disk and reads it again, which costs a third of the time; with all of
# it in memory a million rows of 46 columns took 480 MB instead of 300.
DUCKDB_MB_PER_COLUMN, DUCKDB_LEAST_MB = 1.5, 40

DUCKDB_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "enable_external_file_cache": False,  # it would keep every part that was ever read
}


def keep_flat(given_back_from: int = _MMAP_THRESHOLD_BYTES) -> None:
    """Give freed memory back at once and keep what is large and not used out. Call before the first thread starts.

    Blocks of fewer bytes than `given_back_from` are kept for the next one of their size.
    """
    if platform.libc_ver()[0] == "glibc":
        # One arena per thread holds on to what others freed; two cost no speed that can be measured.
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 2)
        # Buffers of a megabyte go back when they are freed, instead of leaving holes: 234 MB became 97 MB.
        libc.mallopt(_M_MMAP_THRESHOLD, given_back_from)
    sys.meta_path.insert(0, _Without())
    # Arrow's own allocator keeps 25 MB of what was freed. It is chosen when the library loads: a pool that is set
    # later is not the one that its C++ side takes.
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    # What is imported stays, and is looked through at every collection: a tenth of a short command's time.
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())


def duckdb_settings(columns: int) -> dict[str, str | bool | int | float | list[str]]:
    """Settings for a DuckDB that writes a table of so many columns."""
    return DUCKDB_SETTINGS | {"memory_limit": f"{max(DUCKDB_LEAST_MB, DUCKDB_MB_PER_COLUMN * columns):.0f}MB"}


class _Without(MetaPathFinder):
    """pyarrow and dlt import these on sight though nothing here uses them: pandas 50 MB, the others 11 MB each."""

    names = ("pandas", "numpy", "sqlalchemy")

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in self.names:
            raise ModuleNotFoundError(f"{name} is kept out of a loading process", name=name)


def peak_mb() -> float:
    """The most memory that this process has held, in megabytes (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the process that started this one had held
        peak_line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak_line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def settle() -> None:
    """Leave what is there now, modules above all, out of later collections: each takes a twentieth of the time."""
    gc.collect(1)  # not the oldest: they are what is to stay
    gc.freeze()


def give_back() -> None:
    """Return what is free to the system, so that one phase's garbage is not on top of the next one's needs."""
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
