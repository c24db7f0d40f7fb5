"""python -m tests.faults.killed: runs the command again and again, and each time kills it where it is told to.

An order is a line of JSON on stdin: {"point": one of POINTS, "number": at which pass of it, "arguments": millrace's,
"environment": settings, "log": file for what it says}. The answer is a line with its exit code. It dies by SIGKILL: no
handler runs, nothing is flushed, nothing is closed. With number 0 it dies nowhere and says how often the point was
passed.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from dlt.destinations.impl.bigquery.sql_client import BigQuerySqlClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.destinations.impl.postgres.sql_client import Psycopg2SqlClient
from dlt.destinations.job_client_impl import SqlJobClientBase, SqlLoadJob
from dlt.load.load import Load
from dlt.pipeline.pipeline import Pipeline

from loaders import commit, load
from loaders.catalogue import read_catalogue
from loaders.cli import app
from tests.bigquery.unhurried import hurry

SQL_CLIENTS = {"duckdb": DuckDbSqlClient, "postgres": Psycopg2SqlClient, "bigquery": BigQuerySqlClient}
IN_THE_SERVICE = "while BigQuery runs the merge"  # by itself: there is no COMMIT of ours to die before
WINDOWS_A_COMMIT = 2  # so that a short load commits several times

# Where the process dies: before or after a call of a method, in the order in which a commit passes them.
POINTS: dict[str, tuple[Any, str, bool]] = {
    "before a window is fetched": (load, "extract", False),
    "after a window's parts are written": (load, "extract", True),
    "before the commit": (commit.Committer, "commit", False),
    "after dlt extracted": (Pipeline, "extract", True),
    "after dlt normalized": (Pipeline, "normalize", True),
    "after the tables are there": (SqlJobClientBase, "update_stored_schema", True),
    "before a job is taken up": (Load, "submit_job", False),
    "after a file is copied or a statement run": (Load, "submit_job", True),
    "inside the merge, before its COMMIT": (None, "commit_transaction", False),
    "after the merge's COMMIT": (SqlLoadJob, "run", True),
    "before dlt records the load": (SqlJobClientBase, "complete_load", False),
    "after dlt recorded the load": (SqlJobClientBase, "complete_load", True),
    "after the commit": (commit.Committer, "commit", True),
    "any statement": (None, "execute_query", False),
    IN_THE_SERVICE: (None, "execute_many", False),
}

passed = 0


def arm(owner: Any, method: str, after: bool, number: int) -> None:
    """Make the process die at the `number`-th call of a method."""
    original: Callable[..., Any] = getattr(owner, method)

    def armed(*arguments: Any, **options: Any) -> Any:
        if not after:
            pass_point(number)
        result = original(*arguments, **options)
        if after:
            pass_point(number)
        return result

    setattr(owner, method, armed)


def pass_point(number: int) -> None:
    global passed
    passed += 1
    if passed == number:
        os.kill(os.getpid(), signal.SIGKILL)


def arm_merge(owner: Any, number: int) -> None:
    """The same for the COMMIT of a merge: other transactions are left alone."""
    run, commit_transaction = SqlLoadJob.run, owner.commit_transaction
    inside: list[SqlLoadJob] = []

    def armed_run(job: SqlLoadJob) -> None:
        inside.append(job)
        run(job)
        inside.pop()

    def armed_commit(client: Any) -> None:
        if inside:
            pass_point(number)
        commit_transaction(client)

    SqlLoadJob.run = armed_run
    owner.commit_transaction = armed_commit


def arm_script(number: int) -> None:
    """The same for when BigQuery has taken the script of a merge: it goes on without us."""
    execute_many = BigQuerySqlClient.execute_many

    def armed(client: Any, statements: list[str], *arguments: Any) -> Any:
        if list(statements)[:1] == ["BEGIN TRANSACTION"]:
            if passed + 1 == number:
                client.native_connection.query(";\n".join(statements))
            pass_point(number)
        return execute_many(client, statements, *arguments)

    BigQuerySqlClient.execute_many = armed


def run(point: str, number: int, arguments: list[str]) -> None:
    """The command, armed. Raises `SystemExit` with its code if it does not die."""
    load.COMMIT_WINDOWS = WINDOWS_A_COMMIT
    hurry()
    owner, method, after = POINTS[point]
    client: Any = SQL_CLIENTS[os.environ["MILLRACE_WAREHOUSE"]]
    if point == IN_THE_SERVICE:
        arm_script(number)
    elif method == "commit_transaction":
        arm_merge(client, number)
    else:
        arm(owner or client, method, after, number)
    try:
        app(arguments)
    finally:
        print(f"{passed} times: {point}", file=sys.stderr)


def serve() -> None:
    """Run each order in a fork of this process, and answer with its exit code.

    What every fork would do again is done before: the imports, the declarations, and their removal from what the
    collections between commits look through.
    """
    read_catalogue()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ.update(order["environment"])
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            try:
                run(order["point"], order["number"], order["arguments"])
            except SystemExit as end:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(int(end.code or 0))
            finally:
                traceback.print_exc()
                os._exit(70)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
