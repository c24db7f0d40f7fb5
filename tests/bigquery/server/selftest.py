"""What tests and the loader rely on, asked of the server at its start: a correction that no longer fits shows here."""

from __future__ import annotations

import base64
import gzip
import io
import json
import urllib.error
import urllib.request
import uuid
from typing import Any

import grpc
import pyarrow as pa
from google.cloud.bigquery_storage_v1 import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from google.cloud.bigquery_storage_v1.types import DataFormat, ReadSession

PROJECT, DATASET = "selftest", "checks"
ROWS = 20_000  # three messages


class SelfTestFailed(Exception):
    """The emulator does not do what the tests rely on; nothing that runs on it would mean anything."""


class _Client:
    """BigQuery's REST interface, as far as needed here."""

    def __init__(self, host: str) -> None:
        self.host = host

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self.send(
            "POST", f"/bigquery/v2/projects/{PROJECT}{path}", json.dumps(body).encode(), "application/json"
        )

    def send(self, method: str, path: str, data: bytes | None, content_type: str) -> dict[str, Any]:
        headers = {"Content-Type": content_type}
        request = urllib.request.Request(self.host + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            raise SelfTestFailed(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def query(self, sql: str, **settings: Any) -> dict[str, Any]:
        return self.post("/queries", {"query": sql, "useLegacySql": False, "timeoutMs": 60_000, **settings})

    def rows(self, sql: str) -> list[list[Any]]:
        return [[cell["v"] for cell in row["f"]] for row in self.query(sql).get("rows", [])]


def check(host: str, grpc_host: str) -> None:
    """Raises `SelfTestFailed` with what was expected and what came."""
    client = _Client(host)
    client.post("/datasets", {"datasetReference": {"projectId": PROJECT, "datasetId": DATASET}})
    for test in (_gzipped_json, _several_variables, _session, _created_table, _decorator, _layout, _division):
        test(client)
    _streams(client, grpc_host)
    client.query(f"DROP SCHEMA {DATASET} CASCADE")


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise SelfTestFailed(f"{what}: expected {wanted!r}, found {found!r}. Is local-bigquery the pinned version?")


def _gzipped_json(client: _Client) -> None:
    client.query(f"CREATE TABLE {DATASET}.text (said STRING, raw BYTES)")
    row = {"said": "2024-01-01T00:00:00Z", "raw": base64.b64encode(b"raw").decode()}
    config = {
        "destinationTable": {"projectId": PROJECT, "datasetId": DATASET, "tableId": "text"},
        "sourceFormat": "NEWLINE_DELIMITED_JSON",
        "writeDisposition": "WRITE_APPEND",
    }
    border = uuid.uuid4().hex
    body = io.BytesIO()
    body.write(f"--{border}\r\nContent-Type: application/json\r\n\r\n".encode())
    body.write(json.dumps({"configuration": {"load": config}}).encode())
    body.write(f"\r\n--{border}\r\nContent-Type: */*\r\nContent-Transfer-Encoding: binary\r\n\r\n".encode())
    body.write(gzip.compress(json.dumps(row).encode()))
    body.write(f"\r\n--{border}--".encode())
    path = f"/upload/bigquery/v2/projects/{PROJECT}/jobs?uploadType=multipart"
    client.send("POST", path, body.getvalue(), f'multipart/related; boundary="{border}"')
    found = client.rows(f"SELECT said, CAST(raw AS STRING) FROM {DATASET}.text")
    _expect("a gzipped JSON load", found, [[row["said"], "raw"]])


def _several_variables(client: _Client) -> None:
    script = """
        DECLARE days ARRAY<INT64>; DECLARE most INT64;
        SET (days, most) = (SELECT AS STRUCT ARRAY_AGG(DISTINCT n IGNORE NULLS ORDER BY n), MAX(n)
            FROM UNNEST([2, 1, 2]) AS n);
        SELECT ARRAY_LENGTH(days), most"""
    _expect("SET of several variables", client.rows(script), [["2", "2"]])


def _session(client: _Client) -> None:
    client.query(f"CREATE TABLE {DATASET}.kept (n INT64)")
    session = client.query("BEGIN TRANSACTION", createSession=True)["sessionInfo"]["sessionId"]
    inside = {"connectionProperties": [{"key": "session_id", "value": session}]}
    client.query(f"INSERT INTO {DATASET}.kept VALUES (1)", **inside)
    _expect("rows seen before the COMMIT", client.rows(f"SELECT COUNT(*) FROM {DATASET}.kept"), [["0"]])
    client.query("COMMIT TRANSACTION;CALL BQ.ABORT_SESSION();", **inside)
    _expect("rows seen after the COMMIT", client.rows(f"SELECT COUNT(*) FROM {DATASET}.kept"), [["1"]])


def _created_table(client: _Client) -> None:
    config = {"query": f"CREATE TABLE {DATASET}.made AS SELECT 1 AS n", "useLegacySql": False}
    reference = {"projectId": PROJECT, "jobId": uuid.uuid4().hex}
    client.post("/jobs", {"jobReference": reference, "configuration": {"query": config}})
    job = client.send("GET", f"/bigquery/v2/projects/{PROJECT}/jobs/{reference['jobId']}", None, "application/json")
    found = job["configuration"]["query"].get("destinationTable", {}).get("tableId")
    _expect("the destination of CREATE TABLE AS", found, "made")
    path = f"/bigquery/v2/projects/{PROJECT}/queries/{reference['jobId']}"
    _expect("its rows", client.send("GET", path, None, "application/json")["totalRows"], "0")


def _decorator(client: _Client) -> None:
    reference = {"projectId": PROJECT, "datasetId": DATASET, "tableId": "made$20240101"}
    config = {"query": "SELECT 1 AS n", "useLegacySql": False, "destinationTable": reference}
    answer = client.post("/jobs", {"configuration": {"query": config}})
    reason = answer["status"].get("errorResult", {}).get("reason")
    _expect("a query into a partition decorator", reason, "notImplemented")


def _layout(client: _Client) -> None:
    client.query(
        f"CREATE TABLE {DATASET}.months (day DATE, kind STRING) PARTITION BY DATE_TRUNC(day, MONTH) CLUSTER BY kind"
    )
    path = f"/bigquery/v2/projects/{PROJECT}/datasets/{DATASET}/tables/months"
    table = client.send("GET", path, None, "application/json")
    found = (table.get("timePartitioning"), table.get("clustering"))
    _expect("a table by months", found, ({"type": "MONTH", "field": "day"}, {"fields": ["kind"]}))


def _division(client: _Client) -> None:
    found = client.rows("SELECT DIV(n - 1, 1 + 1), 8 - DIV(n - DIV(n - 6, 1), 2) FROM UNNEST([7]) AS n")
    _expect("a division of a difference", found, [["3", "5"]])
    found = client.rows("SELECT [10, 20, 30][SAFE_OFFSET(n)] FROM UNNEST([2, 3]) AS n ORDER BY n")
    _expect("an element by a column", found, [["30"], [None]])


def _streams(client: _Client, grpc_host: str) -> None:
    client.query(f"CREATE TABLE {DATASET}.numbers AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, {ROWS})) AS n")
    with grpc.insecure_channel(grpc_host) as channel:
        reader = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
        table = f"projects/{PROJECT}/datasets/{DATASET}/tables/numbers"
        wanted = ReadSession(table=table, data_format=DataFormat.ARROW)
        session = reader.create_read_session(parent=f"projects/{PROJECT}", read_session=wanted, max_stream_count=1)
        schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))

        def numbers(offset: int) -> list[int]:
            found = []
            for message in reader.read_rows(session.streams[0].name, offset=offset):
                data = pa.py_buffer(message.arrow_record_batch.serialized_record_batch)
                found += pa.ipc.read_record_batch(data, schema)["n"].to_pylist()
                sizes.append(message.row_count)
            return found

        sizes: list[int] = []
        _expect("a stream's rows", numbers(0) == list(range(1, ROWS + 1)), True)
        _expect("a stream in messages", len(sizes) > 1, True)
        _expect("a stream from an offset", numbers(5_000) == list(range(5_001, ROWS + 1)), True)
