"""The right to write a dataset of BigQuery: a table that is created once and expires unless its owner renews it."""

import json
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any

from loaders.errors import WarehouseUnavailable

LASTS = timedelta(minutes=10)  # how long others wait for an owner that ended on another machine
RENEWED_AFTER = timedelta(minutes=3)


class Lease:
    """Held while the context lasts. Raises `WarehouseUnavailable` on entry if a process that lives has it."""

    def __init__(self, client: Any, place: str, label: str) -> None:
        self._client, self._place, self._label = client, place, label
        self._table: Any = None
        self._ends = Event()
        self._renewing = Thread(target=self._renew, daemon=True)

    def __enter__(self) -> None:
        from google.api_core.exceptions import Conflict
        from google.cloud import bigquery

        table = bigquery.Table(self._place, schema=[bigquery.SchemaField("nothing", "INT64")])
        table.description, table.expires = json.dumps(_identity(os.getpid())), datetime.now(UTC) + LASTS
        try:
            self._table = self._client.create_table(table)
        except Conflict:
            self._table = self._take_over(table)
        self._renewing.start()

    def _take_over(self, wanted: Any) -> Any:
        """The lease of an owner that has ended. Two who try at once send the same etag, of which one is refused."""
        from google.api_core.exceptions import NotFound, PreconditionFailed

        try:
            table = self._client.get_table(self._place)
            owner = json.loads(table.description or "{}")
            if _lives(owner):
                raise WarehouseUnavailable(
                    f"{self._label} is being loaded by another process, {owner.get('pid')} on {owner.get('host')}; "
                    f"wait until it is done. If that machine is gone, its lease ends at {table.expires:%H:%M:%S} UTC"
                )
            table.description, table.expires = wanted.description, wanted.expires
            return self._client.update_table(table, ["description", "expires"])
        except (NotFound, PreconditionFailed) as error:
            raise WarehouseUnavailable(
                f"{self._label} is being loaded by another process; wait until it is done"
            ) from error

    def _renew(self) -> None:
        while not self._ends.wait(RENEWED_AFTER.total_seconds()):
            self._table.expires = datetime.now(UTC) + LASTS
            with suppress(Exception):  # it is tried again twice before it ends
                self._table = self._client.update_table(self._table, ["expires"])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._renewing.join()
        with suppress(Exception):  # a lease that stays ends by itself
            self._client.delete_table(self._place, not_found_ok=True)


def _identity(pid: int) -> dict[str, Any]:
    return {"host": socket.gethostname(), "pid": pid, "started": _started(pid)}


def _lives(owner: dict[str, Any]) -> bool:
    """False if the owner was a process of this machine that has ended. Of another machine nobody can tell."""
    if owner.get("host") != socket.gethostname() or not Path("/proc").exists():
        return True
    return owner == _identity(owner["pid"])


def _started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks: numbers of processes are given out again."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return None
