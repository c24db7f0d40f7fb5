"""python -m tests.faults.together [millrace arguments]: the command, which waits before its first commit.

It says `ready` on stdout and goes on when a line arrives on stdin, so that two of them write at the same time.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from loaders import load
from loaders.cli import app
from loaders.commit import Committer
from loaders.extract import Extracted

commit = Committer.commit


def commit_together(committer: Committer, windows: Sequence[Extracted]) -> None:
    """Wait once, then commit."""
    Committer.commit = commit  # type: ignore[method-assign]
    print("ready", flush=True)
    sys.stdin.readline()
    commit(committer, windows)


if __name__ == "__main__":
    load.COMMIT_WINDOWS = 1
    Committer.commit = commit_together  # type: ignore[method-assign]
    app(sys.argv[1:])
