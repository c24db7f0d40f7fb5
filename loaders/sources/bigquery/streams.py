"""The messages of a read session's streams: several at once, each taken up where it broke off, never too many held.

A stream is counted in rows as they arrive. When its call fails in passing, the next call begins at that row, so that
none is missing and none comes twice; calls that bring nothing are counted, and five in a row are an outage. Streams
share a connection, which may break before one of them has got a message through it: what any of them brings counts.
"""

import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from loaders.errors import SourceUnavailable
from loaders.sources.bigquery.refusals import is_passing, refusal

CALL_SECONDS = 600  # a call that hangs is ended then, and taken up again; one that is merely long loses nothing by it
HELD_BYTES = 8 << 20  # of messages that nobody has taken yet, from all streams together


class Patience(NamedTuple):
    """How often in a row a call may fail without bringing a row, and how long to wait first (doubled each time)."""

    attempts: int = 5
    first_wait_seconds: float = 1.0

    @classmethod
    def of_environment(cls) -> "Patience":
        """MILLRACE_ATTEMPTS and MILLRACE_RETRY_SECONDS, as for every source."""
        read = os.environ.get
        return cls(int(read("MILLRACE_ATTEMPTS", 5)), float(read("MILLRACE_RETRY_SECONDS", 1.0)))


def read_streams(client: Any, names: Sequence[str], patience: Patience) -> Iterator[bytes]:
    """The Arrow record batch messages of the streams, as they come; of one stream, in its order.

    Raises `SourceUnavailable` when a stream stays broken or its session has expired, and what `refusal` says for other
    errors. Ending early ends the calls.
    """
    held = _Held(len(names))
    readers = [_Reader(client, name, patience, held) for name in names]
    for reader in readers:
        reader.start()
    try:
        yield from held.take()
    finally:
        held.abandon()
        for reader in readers:
            reader.cancel()
        for reader in readers:
            reader.join()


class _Held:
    """Messages between the readers and the one who takes them. A reader waits while there are too many bytes."""

    def __init__(self, readers: int) -> None:
        self._messages: deque[bytes] = deque()
        self._size = 0
        self.arrived = 0  # messages so far
        self._reading = readers
        self._error: Exception | None = None
        self._abandoned = threading.Event()
        self._changed = threading.Condition()

    def put(self, message: bytes) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._size < HELD_BYTES or self.is_abandoned)
            self._messages.append(message)
            self._size += len(message)
            self.arrived += 1
            self._changed.notify_all()

    def take(self) -> Iterator[bytes]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._messages or self._error or not self._reading)
                if self._error is not None:
                    raise self._error
                if not self._messages:
                    return
                message = self._messages.popleft()
                self._size -= len(message)
                self._changed.notify_all()
            yield message

    def end(self, error: Exception | None = None) -> None:
        """A reader is done, or has failed."""
        with self._changed:
            self._reading -= 1
            self._error = self._error or error
            self._changed.notify_all()

    def abandon(self) -> None:
        """Nobody takes any more."""
        self._abandoned.set()
        with self._changed:
            self._changed.notify_all()

    def cancel_if_abandoned(self, call: Any) -> None:
        if self.is_abandoned:
            call.cancel()

    @property
    def is_abandoned(self) -> bool:
        return self._abandoned.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but not past the end."""
        self._abandoned.wait(seconds)


class _Reader(threading.Thread):
    """Reads one stream to its end."""

    def __init__(self, client: Any, name: str, patience: Patience, held: _Held) -> None:
        super().__init__(name=f"read {name}", daemon=True)
        self._client, self._stream, self._patience, self._held = client, name, patience, held
        self._call: Any = None

    def run(self) -> None:
        try:
            for message in self._messages():
                self._held.put(message)
                if self._held.is_abandoned:
                    break
        except Exception as error:  # whatever it is, it belongs to the one who takes the messages
            self._held.end(error)
        else:
            self._held.end()

    def cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()

    def _messages(self) -> Iterator[bytes]:
        import grpc
        from google.api_core.exceptions import from_grpc_error

        rows = failures = arrived = 0
        while not self._held.is_abandoned:
            self._call = self._begin(rows)
            self._held.cancel_if_abandoned(self._call)  # `cancel` may have looked for a call before
            try:
                for response in self._call:
                    rows += response.row_count
                    yield response.arrow_record_batch.serialized_record_batch
                return
            except grpc.RpcError as failure:
                error = from_grpc_error(failure)  # type: ignore[no-untyped-call]  # comes without types
                if not is_passing(error):
                    raise refusal(self._stream, error) from error
                failures = 1 if self._held.arrived > arrived else failures + 1
                arrived = self._held.arrived
                if failures >= self._patience.attempts:
                    raise SourceUnavailable(
                        f"{self._stream} broke off {failures} times in a row after row {rows:,}, the last time with "
                        f"{type(error).__name__}: {error.message}; run the same command again later"
                    ) from error
            self._held.wait(self._patience.first_wait_seconds * 2 ** (failures - 1))

    def _begin(self, row: int) -> Any:
        """A call that brings the stream's messages from that row on.

        The client's own `read_rows` would return it only with the first message, and until then nobody could end it:
        where few rows are wanted of a large table that takes minutes.
        """
        from google.api_core.gapic_v1.routing_header import to_grpc_metadata
        from google.cloud.bigquery_storage_v1 import types

        request = types.ReadRowsRequest(read_stream=self._stream, offset=row)
        return self._client.transport.read_rows(
            request,
            timeout=CALL_SECONDS,
            metadata=[to_grpc_metadata([("read_stream", self._stream)])],  # type: ignore[no-untyped-call]  # comes without types
        )
