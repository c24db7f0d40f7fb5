"""python -m tests.sandbox: serve until told to stop. The one line on stdout says where."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from datetime import date
from pathlib import Path

from tests.sandbox.sandbox import Sandbox


def recording(text: str) -> tuple[str, Path]:
    """Read elexon:PN=FILE or dvf:2023=FILE: the code or the year, and the file."""
    name, _, path = text.partition("=")
    source, _, code = name.partition(":")
    if not path or source not in ("elexon", "dvf") or not code or (source == "dvf") != code.isdecimal():
        raise argparse.ArgumentTypeError(f"a recording is given as elexon:PN=FILE or dvf:2023=FILE, not {text!r}")
    return code, Path(path)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--scale", type=float, default=0.01, help="1 is the published volume")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--today", type=date.fromisoformat, help="the first day that is not published yet")
    parser.add_argument("--replay", type=recording, action="append", default=[], metavar="SOURCE:WHAT=FILE")
    parser.add_argument("--gzip", action="store_true", help="compress for clients that accept it")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent, even a killed one")
    return parser.parse_args()


def wait_for_stdin(ended: threading.Event) -> None:
    """Report the end when nobody holds the other end of stdin any more."""
    while os.read(sys.stdin.fileno(), 1 << 16):  # not sys.stdin: its lock would outlive the main thread
        pass
    ended.set()


def main() -> None:
    """Serve until SIGTERM, SIGINT or the end of stdin."""
    given = arguments()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    sandbox = Sandbox(given.scale, given.seed, dict(given.replay), port=given.port, today=given.today, gzip=given.gzip)
    with sandbox:
        print(json.dumps(sandbox.urls()), flush=True)
        if given.until_stdin_closes:
            threading.Thread(target=wait_for_stdin, args=(ended,), daemon=True).start()
        ended.wait()


if __name__ == "__main__":
    main()
