"""dbt build as a flow."""

from datetime import date

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger

from flows.build import build
from flows.run_dbt import DbtFailed, Node


@flow(name="transform", flow_run_name="transform")
def transform(first: date | None = None, until: date | None = None, options: list[str] | None = None) -> None:
    """Build and test the models: those in batches over the days [first, until), by default over all that are loaded.

    `options` are dbt's, such as ["--select", "fct_generation_daily+"]. The statuses of the nodes become a table.
    Raises `DbtFailed`, `NothingLoaded`, `WarehouseUnavailable`.
    """
    if (first is None) != (until is None):
        raise ValueError("give both first and until, or neither")
    span = (first, until) if first and until else None
    try:
        nodes = build(span, options or (), say=get_run_logger().info)
    except DbtFailed as error:
        _record(error.nodes)
        raise
    _record(nodes)


def _record(nodes: list[Node] | tuple[Node, ...]) -> None:
    rows = [
        {"status": node.status, "kind": node.kind, "node": node.name, "seconds": node.seconds, "message": node.message}
        for node in nodes
    ]
    create_table_artifact(rows, key="dbt-build", description="Status of every node of dbt build")
