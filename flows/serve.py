"""`python -m flows.serve`: Prefect on this machine from nothing: a server, the deployments and a worker, until Ctrl-C.

Everything listens on 127.0.0.1, keeps its data below .millrace/prefect and reports to nobody.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import requests
import typer

ROOT = Path(__file__).parent.parent
DEPLOYMENTS = ROOT / "infra" / "prefect.yaml"
POOL = "millrace"

START_SECONDS = 180  # a first start migrates a new database: 20 s on a laptop, more on a busy one
STOP_SECONDS = 40  # the worker gives its runs 30 s to end before it kills them; a load is safe to kill
RUNS_AT_ONCE = 1  # DuckDB has one writer, and a build reads what a load writes

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
}


class ServeFailed(Exception):
    """A part did not start or has stopped; the text has its last lines."""


def serve(
    port: Annotated[int, typer.Option(help="Port of the server; 0 takes a free one.")] = 4200,
    home: Annotated[Path, typer.Option(help="Where Prefect keeps its data.")] = ROOT / ".millrace" / "prefect",
) -> None:
    """Start a Prefect server, deploy infra/prefect.yaml, and run what is due until interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with serving(_free_port(port), home.resolve()) as (url, parts):
            typer.echo(f"Prefect is at {url}; deployments: {', '.join(_deployments(url))}")
            typer.echo(f"Ctrl-C stops it. To run one: PREFECT_API_URL={url}/api prefect deployment run NAME")
            while True:
                time.sleep(1)
                _expect_alive(parts)
    except KeyboardInterrupt:
        typer.echo("stopped")
    except ServeFailed as error:
        typer.echo(f"ServeFailed: {error}", err=True)
        raise typer.Exit(1) from error


Parts = Mapping[str, tuple["subprocess.Popen[bytes]", Path]]


@contextmanager
def serving(port: int, home: Path) -> Iterator[tuple[str, Parts]]:
    """A server on that port with everything deployed and a worker: its address, and the processes with their logs.

    They stop with the context. Raises `ServeFailed`.
    """
    url = f"http://127.0.0.1:{port}"
    client = {**os.environ, **QUIET, "PREFECT_HOME": str(home), "PREFECT_API_URL": f"{url}/api"}
    client.pop("MILLRACE_HOME", None)  # see infra/prefect.yaml
    worker_start = ["worker", "start", "--pool", POOL, "--type", "process", "--limit", str(RUNS_AT_ONCE)]
    parts: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}
    server_start = ["server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with _sole_user(home), _running(server_start, client, home / "server.log") as server:
        parts["server"] = server
        _wait_for(f"{url}/api/health", parts)
        _close_left_runs(url)
        with _running(worker_start, {**client, "MILLRACE_HOME": str(ROOT)}, home / "worker.log") as worker:
            parts["worker"] = worker
            _wait_for(f"{url}/api/work_pools/{POOL}", parts)  # the worker creates its pool
            _deploy(client)
            yield url, parts


@contextmanager
def _running(
    arguments: list[str], environment: Mapping[str, str], log: Path
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """`prefect` with these arguments, in a session of its own, so that it and whatever it starts are ours to stop."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process, log
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)  # its session has its number
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # whatever it started and left behind
    process.wait()


def _close_left_runs(url: str) -> None:
    """End the runs that an earlier server was stopped in: they would hold their deployments' only slot for ever."""
    alive = {"flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}}}
    crashed = {"type": "CRASHED", "message": "stopped with the server; run it again, what is loaded is skipped"}
    for run in _ask(f"{url}/api/flow_runs/filter", alive):
        _ask(f"{url}/api/flow_runs/{run['id']}/set_state", {"state": crashed})


def _deploy(environment: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(DEPLOYMENTS)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServeFailed(f"prefect deploy: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _deployments(url: str) -> list[str]:
    names = {flow["id"]: flow["name"] for flow in _ask(f"{url}/api/flows/filter")}
    return sorted(f"{names[one['flow_id']]}/{one['name']}" for one in _ask(f"{url}/api/deployments/filter"))


def _ask(url: str, question: Mapping[str, Any] | None = None) -> Any:
    answer = requests.post(url, json=question or {}, timeout=30)
    answer.raise_for_status()
    return answer.json()


def _wait_for(url: str, parts: Parts) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        _expect_alive(parts)
        if time.monotonic() > deadline:
            raise ServeFailed(f"{url} does not answer after {START_SECONDS} s; see {', '.join(_logs(parts))}")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _expect_alive(parts: Parts) -> None:
    for name, (process, log) in parts.items():
        if process.poll() is not None:
            raise ServeFailed(f"the {name} has stopped; the end of {log}:\n{log.read_text(errors='replace')[-2000:]}")


def _logs(parts: Parts) -> list[str]:
    return [str(log) for _, log in parts.values()]


def _free_port(wanted: int) -> int:
    """That port, or any free one for 0. Raises `ServeFailed`: whoever has it would be taken for our server."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that has just stopped is no hindrance
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise ServeFailed(f"port {wanted} is taken: {error}; stop what has it, or give --port 0") from error
        return int(probe.getsockname()[1])


@contextmanager
def _sole_user(home: Path) -> Iterator[None]:
    """Two servers on one database would end each other's runs. Raises `ServeFailed`."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ServeFailed(f"{home} is in use by another `flows.serve`; give another --home") from error
        yield


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(serve)
