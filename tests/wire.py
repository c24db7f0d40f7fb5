"""A server that sends exactly the bytes that it is told to, for what no HTTP library would send."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def sending(*answers: bytes) -> Iterator[str]:
    """Answer the n-th request with the n-th bytes and hang up; the last ones are sent again and again. Gives a URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, answers), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(server: socket.socket, answers: tuple[bytes, ...]) -> None:
    number = 0
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # closed by the test
            return
        with connection, suppress(OSError):  # the client may have heard enough
            head = b""
            while b"\r\n\r\n" not in head and (piece := connection.recv(65_536)):
                head += piece
            connection.sendall(answers[min(number, len(answers) - 1)])
            connection.shutdown(socket.SHUT_WR)
        number += 1


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def http(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """An answer with a Content-Length, which may be a lie."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
