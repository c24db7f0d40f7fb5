"""BigQuery as a publisher: a window is asked for, and comes as a body of Arrow messages."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace

from loaders.body import Body
from loaders.sources.bigquery.access import Access
from loaders.sources.bigquery.ipc import END_OF_STREAM
from loaders.sources.bigquery.read import Reading, Selection, open_reading
from loaders.transport import Publisher


@dataclass
class TablePublisher(Publisher):
    """Sends what is selected of one table. A window narrows it by its own condition, `where`."""

    access: Access = field(kw_only=True)
    selection: Selection = field(kw_only=True)

    @contextmanager
    def get(self, route: str, params: dict[str, str]) -> Iterator[Body]:
        """Begin to read, and hand over the messages as they come. Raises as `read_table`."""
        conditions = [condition for condition in (self.selection.where, params.get("window")) if condition]
        where = " AND ".join(f"({condition})" for condition in conditions) or None
        with closing(_messages(open_reading(self.access, replace(self.selection, where=where)))) as messages:
            yield Body(route, messages)


def _messages(reading: Reading) -> Generator[bytes, None, None]:
    yield reading.schema.serialize().to_pybytes()
    yield from reading.messages
    yield END_OF_STREAM
