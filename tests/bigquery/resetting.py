"""A proxy between a gRPC client and its server that breaks streams off as networks and front ends do.

It forwards HTTP/2 as it is. Where it is told to, it puts a RST_STREAM into both directions, or hangs up: the client's
own gRPC library sees what it would see of a real fault.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Literal

DATA, RST_STREAM = 0x0, 0x3
PREFACE_BYTES = 24  # what a client says before its first frame
INTERNAL_ERROR, CANCEL = 2, 8  # codes of RST_STREAM

How = Literal["reset", "hang up"]


class _Way:
    """One end, to which both threads of a connection send whole frames."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self._busy = threading.Lock()

    def send(self, frames: bytes) -> None:
        with self._busy:
            self.end.sendall(frames)


class Resetting:
    """Breaks each stream that has carried `after_bytes` of data, until it has done so `times` times."""

    def __init__(self, upstream: str, how: How, after_bytes: int, times: int) -> None:
        host, port = upstream.rsplit(":", 1)
        self._upstream = (host, int(port))
        self._how, self._after, self._left = how, after_bytes, times
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.broken = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Resetting:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for one in (self._server, *self._open):
            _hang_up(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # closed with the block
                return
            server = socket.create_connection(self._upstream)
            self._open += [client, server]
            to_client, to_server = _Way(client), _Way(server)
            threading.Thread(target=self._to_server, args=(client, to_server), daemon=True).start()
            threading.Thread(target=self._to_client, args=(server, to_client, to_server), daemon=True).start()

    def _to_server(self, client: socket.socket, to_server: _Way) -> None:
        try:
            to_server.send(_receive(client, PREFACE_BYTES))
            while True:
                to_server.send(b"".join(_frame(client)))
        except OSError:
            _hang_up(to_server.end)

    def _to_client(self, server: socket.socket, to_client: _Way, to_server: _Way) -> None:
        carried: dict[int, int] = {}
        try:
            while True:
                head, body = _frame(server)
                to_client.send(head + body)
                stream = int.from_bytes(head[5:9]) & 0x7FFFFFFF
                if head[3] == DATA:
                    carried[stream] = carried.get(stream, 0) + len(body)
                if carried.get(stream, 0) > self._after and self._takes_its_turn():
                    carried[stream] = -(1 << 60)  # once is enough
                    if self._how == "hang up":
                        raise ConnectionResetError
                    to_client.send(_reset(stream, INTERNAL_ERROR))
                    to_server.send(_reset(stream, CANCEL))
        except OSError:
            _hang_up(to_client.end)
            _hang_up(server)

    def _takes_its_turn(self) -> bool:
        with self._lock:
            self._left -= 1
            self.broken += self._left >= 0
            return self._left >= 0


def _frame(sender: socket.socket) -> tuple[bytes, bytes]:
    """One frame of HTTP/2: nine bytes that say length, type, flags and stream, and what follows them."""
    head = _receive(sender, 9)
    return head, _receive(sender, int.from_bytes(head[:3]))


def _reset(stream: int, code: int) -> bytes:
    return struct.pack(">BHBBII", 0, 4, RST_STREAM, 0, stream, code)


def _receive(sender: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        piece = sender.recv(size - len(received))
        if not piece:
            raise ConnectionResetError
        received += piece
    return bytes(received)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is gone already
        end.shutdown(socket.SHUT_RDWR)
    end.close()
