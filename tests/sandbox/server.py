"""The HTTP server on loopback: the first path segment names the source, bodies leave in chunks."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.sandbox.answer import Answer, Headers, Parameters, Publisher, gzipped, json_answer
from tests.sandbox.faults import Fault, FaultPlan, broken, replaced, tamper

Control = Callable[[dict[str, object]], None]


class Server(ThreadingHTTPServer):
    """Serves publishers by name, one thread a connection."""

    daemon_threads = True
    request_queue_size = 128  # many loader workers may connect at once

    def __init__(self, publishers: dict[str, Publisher], port: int, *, gzip: bool, control: Control) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.publishers = publishers
        self.gzip = gzip
        self.control = control
        self.faults = FaultPlan()
        self.ignore_parameters = False
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.requests_lock = threading.Lock()

    def answer(self, path: str, parameters: Parameters, headers: Headers) -> tuple[Answer, Fault | None]:
        """Ask the publisher that the path names, and apply a planned fault."""
        name, _, rest = path.lstrip("/").partition("/")
        publisher = self.publishers.get(name)
        if publisher is None or not f"/{rest}".startswith(publisher.base_path + "/"):
            return json_answer(404, {"statusCode": 404, "message": "Resource not found"}), None
        relative = f"/{rest}".removeprefix(publisher.base_path)
        answer = publisher.answer(relative, parameters, headers, ignore_parameters=self.ignore_parameters)
        fault = self.faults.strike(answer.dataset, answer.days) if answer.status == 200 else None
        if fault is None:
            return answer, None
        if fault.kind == "ignore_parameters":
            return publisher.answer(relative, parameters, headers, ignore_parameters=True), None
        answer = replaced(fault) or answer
        tamper(fault, answer)
        return answer, fault

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent when a client hangs up; show everything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "Sandbox"
    disable_nagle_algorithm = True  # small answers would wait 40 ms for an acknowledgement

    def do_GET(self) -> None:
        """Answer a publisher's route, or list the requests so far."""
        url = urlsplit(self.path)
        if url.path == "/_requests":
            with self.server.requests_lock:
                log = [{"path": path, "params": params} for path, params in self.server.requests]
            self._send_whole(json_answer(200, log), b"")
            return
        parameters = parse_qs(url.query)
        with self.server.requests_lock:
            self.server.requests.append((url.path, {name: ",".join(values) for name, values in parameters.items()}))
        self._send(*self.server.answer(url.path, parameters, self.headers))

    def do_POST(self) -> None:
        """Plan a fault: the fields of Sandbox.fail as JSON, or {"ignore_parameters": true}."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/_faults":
            self._send_whole(json_answer(404, {"message": "faults are planned at /_faults"}), b"")
            return
        try:
            self.server.control(json.loads(body))
        except (TypeError, ValueError) as error:
            self._send_whole(json_answer(400, {"message": str(error)}), b"")
        else:
            self._send_whole(json_answer(200, {"planned": True}), b"")

    def do_DELETE(self) -> None:
        """Forget all faults."""
        self.server.faults.clear()
        self.server.ignore_parameters = False
        self._send_whole(json_answer(200, {"planned": False}), b"")

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: the requests are recorded."""

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        if answer.status != 200 or (fault is not None and fault.kind in ("html", "empty_body")):
            self._send_whole(answer, answer.prefix.encode())
            return
        pieces = answer.pieces()
        packed = fault is not None and fault.kind == "truncate_gzip"
        # A file that is compressed itself is not compressed again on its way.
        wanted = self.server.gzip and "gzip" in self.headers.get("Accept-Encoding", "")
        if (packed or wanted) and not answer.gzip_file:
            answer.headers["Content-Encoding"] = "gzip"
            pieces = gzipped(pieces)
        if fault is not None:
            pieces = broken(fault, pieces)
        if fault is not None and fault.kind == "wrong_length":
            self._send_promised(answer, pieces, fault.cut_at + 1_000)
            return
        if (length := answer.length) is not None and (fault is None or fault.kind == "slow_drip"):
            self._send_promised(answer, pieces, length)
            return
        self._send_head(answer, ("Transfer-Encoding", "chunked"))
        for piece in filter(None, pieces):  # an empty chunk would be the end of the body
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if fault is not None and fault.kind == "reset":
            self._reset()
            return
        self.wfile.write(b"0\r\n\r\n")

    def _send_whole(self, answer: Answer, body: bytes) -> None:
        body = body or answer.prefix.encode()
        self._send_head(answer, ("Content-Length", str(len(body))))
        self.wfile.write(body)

    def _send_promised(self, answer: Answer, pieces: Iterator[bytes], promised: int) -> None:
        """Promise a number of bytes, send what there is, and hang up if it was another."""
        self._send_head(answer, ("Content-Length", str(promised)))
        sent = 0
        for piece in pieces:
            self.wfile.write(piece)
            sent += len(piece)
        self.close_connection = sent != promised

    def _send_head(self, answer: Answer, framing: tuple[str, str]) -> None:
        self.send_response(answer.status)
        for name, value in [("Content-Type", answer.content_type), framing, *answer.headers.items()]:
            self.send_header(name, value)
        self.end_headers()

    def _reset(self) -> None:
        """End the connection with a TCP reset: closing with a linger of zero drops it instead of finishing it."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())  # the file objects of the handler would keep the socket open
