"""python -m tests.faults.together POINT [millrace arguments]: the command, which waits the first time it gets there.

POINT is `creating` (it has seen that the schema is missing) or `committing`. It says `ready` on stdout and goes on
when a line arrives on stdin, so that two of them are sure to be there at the same time.
"""

from __future__ import annotations

import sys
from typing import Any

from dlt.destinations.job_client_impl import SqlJobClientBase

from loaders import load
from loaders.cli import app
from loaders.commit import Committer

POINTS: dict[str, tuple[Any, str]] = {
    "creating": (SqlJobClientBase, "initialize_storage"),
    "committing": (Committer, "commit"),
}


def main() -> None:
    load.COMMIT_WINDOWS = 1
    owner, name = POINTS[sys.argv[1]]
    original = getattr(owner, name)

    def wait_once(*arguments: Any, **options: Any) -> Any:
        setattr(owner, name, original)
        print("ready", flush=True)
        sys.stdin.readline()
        return original(*arguments, **options)

    setattr(owner, name, wait_once)
    app(sys.argv[2:])


if __name__ == "__main__":
    main()
