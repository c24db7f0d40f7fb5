"""The sandbox as tests hold it: a server in a thread, with the hooks that break it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import TracebackType

from tests.sandbox.elexon import Elexon
from tests.sandbox.elexon.publisher import Document, Mutation, dataset_code
from tests.sandbox.elexon.world import World
from tests.sandbox.faults import Fault
from tests.sandbox.server import Server


class Sandbox:
    """Publishers on 127.0.0.1. Use it as a context manager, or call start() and stop().

    scale: 0 to 1, thins units, publications and instants. seed: another one is another history. today: the first day
    that is not published yet, default today in UTC. replay: Elexon dataset code -> recorded file. gzip: compress for
    clients that accept it.
    """

    def __init__(
        self,
        scale: float = 1.0,
        seed: int = 1,
        replay: Mapping[str, str | Path] | None = None,
        *,
        port: int = 0,
        today: date | None = None,
        gzip: bool = False,
    ) -> None:
        recordings = {code: Path(path) for code, path in (replay or {}).items()}
        self.elexon = Elexon(World(scale, seed, today), recordings)
        self._server = Server({"elexon": self.elexon}, port, gzip=gzip, control=self._control)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Sandbox:
        """Serve until stop()."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def root(self) -> str:
        """The address of the server, where /_faults and /_requests are."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def url(self, source: str) -> str:
        """Give a source's base address, as its declaration has it."""
        return f"{self.root}/{source}{self._server.publishers[source].base_path}"

    def urls(self) -> dict[str, str]:
        """Give the base address of every source."""
        return {source: self.url(source) for source in self._server.publishers}

    @property
    def requests(self) -> list[tuple[str, dict[str, str]]]:
        """The (path, parameters) of every request so far; values of a repeated parameter are joined by commas."""
        with self._server.requests_lock:
            return list(self._server.requests)

    @property
    def ignore_parameters(self) -> bool:
        """Whether every window is ignored and the latest publication answered."""
        return self._server.ignore_parameters

    @ignore_parameters.setter
    def ignore_parameters(self, value: bool) -> None:
        self._server.ignore_parameters = value

    def fail(
        self,
        dataset: str | None,
        kind: str,
        *,
        on: str | date | None = None,
        times: int | None = 1,
        after_bytes: int | None = None,
        status: int | None = None,
        retry_after: int | str | None = None,
        delay: float = 0.01,
    ) -> None:
        """Plan a fault for the requests of a dataset (None: any) whose window includes the day `on`. See faults.KINDS.

        Raises ValueError for a kind or a dataset that there is not.
        """
        code = None if dataset is None else dataset_code(dataset)
        self._server.faults.add(
            Fault(kind, code, _day(on), times, after_bytes, status, retry_after, delay),
        )

    def mutate(self, dataset: str, change: Mutation, *, on: str | date | None = None) -> None:
        """Pass the records of a dataset's day (None: every day) through `change` before they are sent.

        `change` takes and gives an iterator of dicts; bytes among them are sent as they are, in a record's place.
        """
        self.elexon.mutations[dataset_code(dataset), _day(on)] = change

    def clear_faults(self) -> None:
        """Forget all faults and mutations."""
        self._server.faults.clear()
        self.elexon.mutations.clear()
        self.ignore_parameters = False

    def rows(self, dataset: str, day: date) -> Iterator[Document]:
        """Yield the records of a dataset's window as the publisher has them: without faults and mutations.

        The window of `day` is the settlement day, the UTC day for FREQ, NDF, INDDEM and REMIT, everything for BM_UNITS.
        """
        return self.elexon.rows(dataset, day)

    def _control(self, order: dict[str, object]) -> None:
        """Carry out what was posted to /_faults."""
        if "ignore_parameters" in order:
            self.ignore_parameters = bool(order["ignore_parameters"])
        else:
            self.fail(order.pop("dataset", None), str(order.pop("kind", "")), **order)  # type: ignore[arg-type]


def _day(day: str | date | None) -> date | None:
    return date.fromisoformat(day) if isinstance(day, str) else day
