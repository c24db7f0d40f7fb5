"""dbt in this process: one command in the warehouse's environment, and nothing left open afterwards."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loaders.catalogue import read_catalogue
from loaders.destination import Warehouse

PROJECT = Path(__file__).parent.parent / "dbt_project"
SAID = ("info", "warn", "error")  # levels of dbt's events that a person reads
BAD = ("error", "fail", "runtime error", "partial success")  # a skipped node is the consequence of one of these

Say = Callable[[str], None]


@dataclass(frozen=True)
class Node:
    """What became of one model, seed or test. `kind` is dbt's resource type, `status` its own word for the outcome.

    `about` is its description, empty where it has none.
    """

    name: str
    kind: str
    status: str
    seconds: float
    message: str
    about: str = ""


class DbtFailed(Exception):
    """dbt could not do all of it; the text names the nodes that failed, each with its message."""

    def __init__(self, said: str, nodes: Sequence[Node] = ()) -> None:
        super().__init__(said)
        self.nodes = tuple(nodes)


def run_dbt(arguments: Sequence[str], warehouse: Warehouse, say: Say | None = None) -> list[Node]:
    """Run a dbt command such as `["build", "--select", "staging"]` and give its nodes in the order they ran.

    dbt is told the sources' settings through the environment.

    With `say`, dbt's lines go there instead of to the terminal. Artifacts and the log lie where dbt puts them: below
    the project, or at DBT_TARGET_PATH and DBT_LOG_PATH. Not for two threads at once: dbt reads the process's
    environment. Raises `DbtFailed`.
    """
    from dbt.cli.main import dbtRunner

    quiet = [] if say is None else ["--log-level", "none", "--no-use-colors"]
    place = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    runner = dbtRunner() if say is None else dbtRunner(callbacks=[_listener(say)])
    with _environment(read_catalogue().settings() | warehouse.environment()):
        try:
            done = runner.invoke([*quiet, *arguments, *place])
        finally:
            _close_connections()
    nodes = [_node(result) for result in getattr(done.result, "results", ())]
    if done.success:
        return nodes
    failed = [f"{node.kind} {node.name}: {node.status}: {node.message}" for node in nodes if node.status in BAD]
    reason = f"{len(failed)} nodes failed" if failed else str(done.exception)
    raise DbtFailed("\n".join([f"dbt {arguments[0]}: {reason}", *failed]), nodes) from done.exception


def _close_connections() -> None:
    """Let go of the warehouse: DuckDB's file would stay locked for as long as this process lives."""
    from dbt.adapters.factory import FACTORY, reset_adapters

    for adapter in FACTORY.adapters.values():
        # DuckDB's adapter shares one connection beside those that every adapter has, and a reset leaves it open.
        if close_shared := getattr(adapter.connections, "close_all_connections", None):
            close_shared()
    reset_adapters()  # type: ignore[no-untyped-call]  # comes without types


def _node(result: Any) -> Node:
    return Node(
        name=result.node.name,
        kind=str(result.node.resource_type),
        status=str(result.status),
        seconds=round(result.execution_time, 2),
        message=(result.message or "").strip(),
        about=result.node.description.strip(),
    )


def _listener(say: Say) -> Callable[[Any], None]:
    def listen(event: Any) -> None:
        if event.info.level in SAID and event.info.msg.strip():
            say(event.info.msg)

    return listen


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """These variables over the process's own, which come back."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
