"""How much memory a load may take, and by what the sizes of all that it holds are divided so that it takes no more.

The sizes in the modules of the loader are those of a load that nobody limits. Larger ones were no faster, so a limit
only ever makes them smaller: at the start, by what is allowed, and while it runs, by how near its peak has come.
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import DeclarationError
from loaders.memory import peak_mb

VARIABLE = "MILLRACE_MEMORY_LIMIT"
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
UNLIMITED = 1 << 60  # the first cgroups write a number of this size where there is no limit, the second `max`
CONTROLLERS = {"memory": ("memory", "memory.limit_in_bytes"), "": ("", "memory.max")}  # by what /proc names them

Peaks = Mapping[int, int]  # what sizes are divided by -> megabytes that a load was measured to hold then

ROOM = 0.85  # of the limit, which the measured peak has to fit into; the rest is for what was not measured
# From this share of the limit on, sizes are divided by so much more. A peak never falls, so neither do these.
STEPS = ((0.97, 4), (0.92, 2))
LARGEST_DIVISOR = 4  # dividing by 8 saved nothing more and cost a quarter of the speed


@dataclass(frozen=True)
class Budget:
    """What a process may hold: a limit in megabytes (10^6 bytes), or None, who set it, and what that leaves."""

    limit_mb: float | None = None
    set_by: str = "nobody"
    at_start: int = 1

    @property
    def divisor(self) -> int:
        """1, 2 or 4: what sizes are divided by now."""
        if self.limit_mb is None:
            return 1
        more = next((more for share, more in STEPS if peak_mb() > share * self.limit_mb), 1)
        return min(self.at_start * more, LARGEST_DIVISOR)

    def of(self, size: int) -> int:
        """As much of a size as the budget allows now."""
        return max(1, size // self.divisor)


_settled = Budget()


def budget() -> Budget:
    """This process's budget: without a limit until one is settled."""
    return _settled


def settle(
    peaks: Peaks,
    asked: str | None = None,
    proc: Path = Path("/proc/self"),
    cgroups: Path = Path("/sys/fs/cgroup"),
) -> Budget:
    """Set this process's budget: as asked for, or as MILLRACE_MEMORY_LIMIT or else the container says.

    `peaks` are those of the warehouse that is loaded into.
    Raises `DeclarationError` for a limit that is no size, or too small to work in.
    """
    global _settled
    if asked:
        limit, set_by = _megabytes(asked, "--memory-limit"), "--memory-limit"
    elif said := os.environ.get(VARIABLE):
        limit, set_by = _megabytes(said, VARIABLE), VARIABLE
    else:
        bytes_, path = _of_container(proc, cgroups)
        limit, set_by = bytes_ / 1e6, f"the container ({path})"
    if limit >= UNLIMITED / 1e6:
        _settled = Budget()
        return _settled
    fitting = [divisor for divisor, peak in peaks.items() if peak <= ROOM * limit]
    if not fitting:
        least = math.ceil(min(peaks.values()) / ROOM)
        raise DeclarationError(
            f"{set_by} allows {limit:,.0f} MB of memory, and a load into this warehouse needs {least} MB; allow that"
        )
    _settled = Budget(limit, set_by, min(fitting))
    return _settled


def _megabytes(text: str, where: str) -> float:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)", text.strip())
    if match is None or match[2].upper() not in UNITS:
        raise DeclarationError(f"{where}: {text!r} is no size; write 512MB, 512MiB or 1GB")
    return float(match[1]) * UNITS[match[2].upper()] / 1e6


def _of_container(proc: Path, cgroups: Path) -> tuple[int, Path]:
    """The least limit in bytes that this process's control groups set, of either version, and the file that says it."""
    membership = proc / "cgroup"
    found: list[tuple[int, Path]] = []
    for line in membership.read_text().splitlines() if membership.exists() else ():
        _, controllers, inside = line.split(":", 2)
        for controller, (mount, name) in CONTROLLERS.items():
            if controller in controllers.split(","):
                found += _limits(cgroups / mount, inside, name)
    return min(found, default=(UNLIMITED, cgroups))


def _limits(mounted: Path, inside: str, name: str) -> list[tuple[int, Path]]:
    """Limits in bytes on the way from a group to the mount's root, which in a container is the container's own."""
    group = mounted / inside.lstrip("/")
    folders = [folder for folder in (group, *group.parents) if folder.is_relative_to(mounted)]
    paths = [folder / name for folder in folders if (folder / name).exists()]
    texts = [(path.read_text().strip(), path) for path in paths]
    return [(int(text), path) for text, path in texts if text.isdecimal()]
