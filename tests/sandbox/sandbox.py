"""The sandbox as tests hold it: a server in a thread, with the hooks that break it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import TracebackType

from tests.sandbox.dvf import CODE as DVF
from tests.sandbox.dvf import Dvf
from tests.sandbox.elexon import Elexon
from tests.sandbox.elexon.publisher import Document, Mutation, dataset_code
from tests.sandbox.elexon.world import World
from tests.sandbox.faults import FILE_TAMPERING, Fault
from tests.sandbox.markets.servers import SERVERS, Market
from tests.sandbox.server import Server


class Sandbox:
    """Publishers on 127.0.0.1. Use it as a context manager, or call start() and stop().

    scale: 0 to 1, thins units, publications and instants, and sales. seed: another one is another history. today: the
    first day that is not published yet, default today in UTC; of DVF, years that are over are published. replay: Elexon
    dataset code or year of DVF -> recorded file. gzip: compress for clients that accept it.
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
        years = {int(code): recordings.pop(code) for code in list(recordings) if code.isdecimal()}
        self.elexon = Elexon(World(scale, seed, today), recordings)
        self.dvf = Dvf(scale, seed, today, years)
        markets = {market: Market(market, today) for market in SERVERS}
        self._server = Server(
            {"elexon": self.elexon, "dvf": self.dvf, **markets}, port, gzip=gzip, control=self._control
        )
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

    @property
    def release(self) -> int:
        """The release of the DVF files that is published now: 1, or later ones that correct it."""
        return self.dvf.release

    @release.setter
    def release(self, value: int) -> None:
        if value < 1:
            raise ValueError(f"releases of DVF count from 1, not {value}")
        self.dvf.release = value

    def fail(
        self,
        dataset: str | None,
        kind: str,
        *,
        on: str | int | date | None = None,
        times: int | None = 1,
        after_bytes: int | None = None,
        status: int | None = None,
        retry_after: int | str | None = None,
        delay: float = 0.01,
    ) -> None:
        """Plan a fault for the requests of a dataset (None: any) whose window includes the day `on`. See faults.KINDS.

        on: a day, or a year of DVF ("2023"). Raises ValueError for a kind or a dataset that there is not.
        """
        code = None if dataset is None else _code(dataset)
        if kind in FILE_TAMPERING and code != DVF:
            raise ValueError(f"{kind} is a fault of files with a header, which only {DVF} has")
        self._server.faults.add(
            Fault(kind, code, _day(on), times, after_bytes, status, retry_after, delay),
        )

    def mutate(self, dataset: str, change: Mutation, *, on: str | int | date | None = None) -> None:
        """Pass the records of a dataset's day or a year of DVF (None: all) through `change` before they are sent.

        `change` takes and gives an iterator of dicts; bytes among them are sent as they are, in a record's place (of
        DVF: in a line's, with its end).
        """
        code, day = _code(dataset), _day(on)
        if code == DVF:
            self.dvf.mutations[None if day is None else day.year] = change
        else:
            self.elexon.mutations[code, day] = change

    def hole(self, dataset: str, periods: range, *, on: str | date, at_the_publisher: bool = False) -> None:
        """Leave the records of some settlement periods of a day out of what is served.

        The publisher's own count of them (/data-status) still has them, unless they are lost `at_the_publisher`.
        """
        code, day = _code(dataset), _day(on)
        assert day is not None

        def pierced(records: Iterator[Document]) -> Iterator[Document | bytes]:
            for record in records:
                if record.get("settlementPeriod", record.get("settlementPeriodFrom")) not in periods:
                    yield record

        self.mutate(code, pierced, on=day)
        if at_the_publisher:
            self.elexon.uncounted.update((code, day, period) for period in periods)

    def clear_faults(self) -> None:
        """Forget all faults, mutations and holes. The release stays."""
        self._server.faults.clear()
        self.dvf.mutations.clear()
        self.elexon.mutations.clear()
        self.elexon.uncounted.clear()
        self.ignore_parameters = False

    def rows(self, dataset: str, day: date | int, **asked: str) -> Iterator[Document]:
        """Yield the records of a dataset's window as the publisher has them: without faults and mutations.

        The window of `day` is the settlement day, the UTC day of what is asked for by publication or measurement,
        everything for a register. asked: `side`, where bids and offers have routes of their own; without it both.
        Of DVF it is the year (2023, or any day in it) in the current release: text, None where a field is empty.
        """
        if _code(dataset) == DVF:
            return self.dvf.rows(day if isinstance(day, int) else day.year)
        if isinstance(day, int):
            raise ValueError(f"{dataset} has days, not years")  # noqa: TRY004 the value is what is wrong
        return self.elexon.rows(dataset, day, **asked)

    def _control(self, order: dict[str, object]) -> None:
        """Carry out what was posted to /_faults."""
        if "ignore_parameters" in order:
            self.ignore_parameters = bool(order["ignore_parameters"])
        elif "release" in order:
            self.release = int(str(order["release"]))
        else:
            self.fail(order.pop("dataset", None), str(order.pop("kind", "")), **order)


def _code(dataset: str) -> str:
    if dataset.partition(".")[0] in SERVERS:
        return dataset
    return DVF if dataset.upper() == DVF else dataset_code(dataset)


def _day(day: str | int | date | None) -> date | None:
    """Read a day; a year is meant by its first one."""
    if day is None or isinstance(day, date):
        return day
    return date(int(day), 1, 1) if str(day).isdecimal() and len(str(day)) == 4 else date.fromisoformat(str(day))
