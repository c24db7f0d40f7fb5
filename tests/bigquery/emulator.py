"""Starts the emulator in its own environment and stops it again.

`with Emulator(folder) as emulator:` in Python, or `python -m tests.bigquery.emulator` by hand, which prints the
settings to export and serves until Ctrl-C.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
SERVER = "tests.bigquery.server"
KEPT_OUT = ("BIGQUERY_", "PYTHON", "STORAGE_")  # of its environment: it would ask itself, or run as the caller does


class EmulatorFailed(Exception):
    """It is not installed, did not start, or failed its own test; the text says which and what to do."""


class Emulator:
    """BigQuery on loopback. `host` is its REST address and that of Cloud Storage, `grpc_host` that of Storage Read.

    Each project is its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.host = self.grpc_host = ""

    def __enter__(self) -> Emulator:
        if not PYTHON.exists():
            raise EmulatorFailed(f"{PYTHON} is missing; run `task setup-emulator`")
        said = self._folder / "emulator.log"
        with said.open("w") as log:
            self._process = subprocess.Popen(
                [str(PYTHON), "-m", SERVER, str(self._folder / "data")],
                cwd=ROOT,
                env={name: value for name, value in os.environ.items() if not name.startswith(KEPT_OUT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise EmulatorFailed(f"the emulator did not start:\n{said.read_text()[-4_000:]}")
        addresses = json.loads(line)
        self.host, self.grpc_host = addresses["host"], addresses["grpc_host"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process is not None:
            self._process.communicate()  # closes its stdin, on which it ends
            self._process = None

    def break_reads(self, code: str, after: int, times: int, said: str = "injected RST_STREAM") -> None:
        """Let ReadRows fail with a gRPC status (`UNAVAILABLE`) after so many messages of a stream, so many times.

        With `SILENCE` in place of a status it says nothing more, until the reads are mended.
        """
        self._put_faults({"code": code, "after": after, "times": times, "said": said})

    def mend_reads(self) -> None:
        self._put_faults({})

    def _put_faults(self, faults: dict[str, str | int]) -> None:
        body, headers = json.dumps(faults).encode(), {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.host}/faults", body, headers, method="PUT")
        with urllib.request.urlopen(request) as answer:
            answer.read()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bigquery-") as folder, Emulator(Path(folder)) as emulator:
        print(
            f"export BIGQUERY_EMULATOR_HOST={emulator.host} STORAGE_EMULATOR_HOST={emulator.host} "
            f"BIGQUERY_STORAGE_EMULATOR_HOST={emulator.grpc_host} "
            "MILLRACE_WAREHOUSE=bigquery GOOGLE_CLOUD_PROJECT=emulated",
            flush=True,
        )
        sys.stdin.read()


if __name__ == "__main__":
    main()
