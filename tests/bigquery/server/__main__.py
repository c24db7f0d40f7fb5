"""`python -m tests.bigquery.server FOLDER`: serve on free ports of loopback until stdin ends.

When it has passed its own test it prints a line of JSON with its addresses, `host` and `grpc_host`.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from pathlib import Path

from tests.bigquery.server.syntax import accept_newer_syntax

accept_newer_syntax()

import uvicorn
from local_bigquery.app import app
from local_bigquery.grpc import server as storage
from local_bigquery.settings import settings

from tests.bigquery.server import buckets
from tests.bigquery.server.corrections import Faults, correct, faults, mended
from tests.bigquery.server.selftest import SelfTestFailed, check

LOOPBACK = "127.0.0.1"


def main() -> int:
    settings.data_dir = Path(sys.argv[1])
    correct()
    app.router.add_api_route("/faults", set_faults, methods=["PUT"])
    app.include_router(buckets.router)
    app.add_exception_handler(buckets.Refused, buckets.refuse)
    streams, streams_port = storage.start(LOOPBACK, 0)
    # With the protocol named asyncio answers at once; without, every answer waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((LOOPBACK, 0))
    listener.listen()
    web = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
    thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    host, grpc_host = f"http://{LOOPBACK}:{listener.getsockname()[1]}", f"{LOOPBACK}:{streams_port}"
    try:
        check(host, grpc_host)
    except SelfTestFailed as error:
        print(f"the emulator fails its own test: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"host": host, "grpc_host": grpc_host}), flush=True)
    sys.stdin.read()  # ends with the process that started this one, however that ends
    streams.stop(None)
    web.should_exit = True
    thread.join()
    return 0


def set_faults(wanted: Faults) -> Faults:
    faults.clear()
    faults.update(wanted)
    if wanted:
        mended.clear()
    else:
        mended.set()
    return wanted


if __name__ == "__main__":
    sys.exit(main())
