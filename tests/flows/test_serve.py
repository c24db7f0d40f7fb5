"""The whole of it, once: a server, the deployments, a worker, and a daily run that ends in a mart."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.sandbox import Sandbox
from tests.warehouses import DuckDBTarget, Target

pytestmark = pytest.mark.prefect

OVER = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def ask(url: str, question: dict[str, Any] | None = None) -> Any:
    """The server's answer. Busy with its database it says 503 for a moment, which Prefect's own clients wait out."""
    with requests.Session() as session:
        session.mount(
            "http://",
            HTTPAdapter(max_retries=Retry(8, status_forcelist=[503], allowed_methods=None, backoff_factor=0.2)),
        )
        answer = session.get(url, timeout=30) if question is None else session.post(url, json=question, timeout=30)
    answer.raise_for_status()
    return answer.json()


def poll(ready: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline, f"{what} within {seconds} s"
        time.sleep(0.2)
    return found


@pytest.fixture
def publisher_of_today() -> Iterator[Sandbox]:
    # London is a day ahead of UTC for an hour of a summer's night: that day is published too.
    with Sandbox(scale=0.01, today=(datetime.now(UTC) + timedelta(days=1)).date()) as sandbox:
        yield sandbox


@pytest.fixture
def serving(
    use: Callable[[Target, Sandbox], None], duckdb_file: DuckDBTarget, publisher_of_today: Sandbox, tmp_path: Path
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    use(duckdb_file, publisher_of_today)
    command = [sys.executable, "-m", "flows.serve", "--port", "0", "--home", str(tmp_path / "prefect")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, said + process.stdout.read()
        try:
            yield found[0] + "/api", process
        finally:
            process.terminate()


def run_of(api: str, deployment: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """The last state of a run of the deployment with these parameters."""
    run = ask(f"{api}/deployments/{deployment['id']}/create_flow_run", {"parameters": parameters})

    def ended() -> Any:
        state = ask(f"{api}/flow_runs/{run['id']}")["state"]
        return state if state["type"] in OVER else None

    state: dict[str, Any] = poll(ended, 600, f"the end of {deployment['name']}")
    return state


def artifact(api: str, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(ask(f"{api}/artifacts/{key}/latest")["data"])
    return rows


def children(of: int) -> set[int]:
    """Processes below one, as the kernel has them."""
    below = {int(pid) for task in Path(f"/proc/{of}/task").iterdir() for pid in (task / "children").read_text().split()}
    return below.union(*(children(pid) for pid in below))


def test_a_daily_run_is_planned_and_ends_in_a_mart(
    serving: tuple[str, "subprocess.Popen[str]"], duckdb_file: DuckDBTarget
) -> None:
    api, process = serving
    names = {one["name"] for one in ask(f"{api}/deployments/filter", {})}
    assert names == {"refresh-elexon", "refresh-elexon-settlement-runs", "transform", "backfill", "load-year"}

    daily = ask(f"{api}/deployments/name/refresh/refresh-elexon")
    assert [(one["schedule"]["cron"], one["schedule"]["timezone"]) for one in daily["schedules"]] == [
        ("0 6 * * *", "Europe/London")
    ]
    assert daily["global_concurrency_limit"]["limit"] == 1
    assert daily["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    planned = {"flow_runs": {"state": {"name": {"any_": ["Scheduled"]}}}}
    runs = poll(lambda: ask(f"{api}/flow_runs/filter", planned), 120, "runs are planned")
    assert {run["auto_scheduled"] for run in runs} == {True}

    ended = run_of(api, daily, datasets=["fuelhh"], days=2)
    assert ended["type"] == "COMPLETED", ended["message"]
    assert {row["status"] for row in artifact(api, "dbt-build")} == {"success", "pass"}

    # Nothing was published before 2016: both years fail, one after the other, and each is recorded.
    ended = run_of(api, ask(f"{api}/deployments/name/backfill/backfill"), years=[2015, 2014], datasets=["fuelhh"])
    assert ended["type"] == "FAILED"
    assert "2 of 2 years are not complete: 2015, 2014" in ended["message"]
    assert [row["year"] for row in artifact(api, "backfill")] == ["2015", "2014"]

    started = children(process.pid)
    assert started
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
    days = duckdb_file.query("SELECT COUNT(DISTINCT settlement_date), COUNT(*) FROM marts.fct_generation_daily")
    assert days == [(2, 40)]  # 20 fuels


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "flows.serve", "--port", port, "--home", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr
