"""What dbt has parsed, handed on from one warehouse of a test run to the next: a parse takes longer than most builds.

It holds for one kind of warehouse and one set of variables. In the parsed text a database or a project stands by its
name, and the names of ours are equally long, so that another takes its place byte by byte.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

from tests.warehouses import Target

PARSED = "partial_parse.msgpack"
UNREAD = {"DBT_WRITE_JSON": "false", "DBT_LOG_LEVEL_FILE": "none"}  # nobody reads it, and each takes a second


def dbt_files(base: Path, target: Target, options: Sequence[str] = ()) -> dict[str, str]:
    """dbt's settings for a target and options that hold a variable: where it writes, below `base`, parsed already.

    The first of a kind finds nothing there and is parsed by its own build.
    """
    _accept_any_place()
    kind = f"{target.name}-{_short(*options)}"
    folder = base / f"{kind}-{_short(*map(str, target.settings.items()))}" / target.identity
    others = sorted(base.glob(f"{kind}-*/*/{PARSED}"), key=lambda path: path.stat().st_mtime, reverse=True)
    fitting = [path for path in others if len(path.parent.name) == len(target.identity)]
    if fitting and not (folder / PARSED).exists():
        folder.mkdir(parents=True, exist_ok=True)
        parsed = fitting[0].read_bytes().replace(fitting[0].parent.name.encode(), target.identity.encode())
        (folder / PARSED).write_bytes(parsed)
    return {"DBT_TARGET_PATH": str(folder), "DBT_LOG_PATH": str(folder), **UNREAD}


def _short(*words: str) -> str:
    return hashlib.blake2b("\0".join(words).encode(), digest_size=6).hexdigest()


@functools.cache
def _accept_any_place() -> None:
    """dbt, in this process, takes what was parsed for another host or file, of which nothing stands in the text."""
    from dbt.contracts.files import FileHash
    from dbt.parser.manifest import ManifestLoader

    checked = ManifestLoader.build_manifest_state_check

    def of_any_place(self: ManifestLoader) -> object:
        check = checked(self)
        check.profile_hash = FileHash.from_contents(self.root_project.credentials.type)
        return check

    ManifestLoader.build_manifest_state_check = of_any_place
