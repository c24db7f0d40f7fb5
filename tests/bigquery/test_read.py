"""Reading tables of BigQuery: every row once whatever breaks, only what was asked for, and errors with advice."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from loaders.errors import AccessRefused, DeclarationError, LoaderError, SourceUnavailable, WarehouseUnavailable
from loaders.sources.bigquery import access as access_module
from loaders.sources.bigquery import read_query, read_table, streams
from loaders.sources.bigquery.access import Access
from loaders.sources.bigquery.read import Reading, Selection, SlowRead, describe, open_pages
from tests.bigquery.emulator import Emulator
from tests.bigquery.resetting import How, Resetting
from tests.wire import closed_port, http, sending

PROJECT = "read-tables"
NUMBERS = f"{PROJECT}.things.numbers"
ROWS = 400_000  # four streams of the emulator


@pytest.fixture(scope="module")
def whole(emulator: Emulator) -> Access:
    """Clients of the emulator, where a table of numbers stands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGQUERY_EMULATOR_HOST", emulator.host)
        patch.setenv("BIGQUERY_STORAGE_EMULATOR_HOST", emulator.grpc_host)
        patch.setenv("MILLRACE_BIGQUERY_LABELS", "team=power,env=test")
        access = Access.of_environment(PROJECT)
    access.rest.create_dataset(f"{PROJECT}.things")
    access.rest.query(
        f"CREATE TABLE {NUMBERS} AS SELECT n, n * 0.5 AS half, CAST(MOD(n, 7) AS STRING) AS week, "
        f"STRUCT(n AS id, 'x' AS letter) AS inner_ FROM UNNEST(GENERATE_ARRAY(0, {ROWS - 1})) AS n"
    ).result()
    access.rest.query(f"CREATE VIEW {PROJECT}.things.seen AS SELECT n FROM {NUMBERS}").result()
    access.rest.query(f"CREATE TABLE {PROJECT}.things.none (n INT64, half FLOAT64)").result()
    return access


@pytest.fixture(autouse=True)
def _mended(emulator: Emulator) -> Iterator[None]:
    yield
    emulator.mend_reads()


def through(address: str, whole: Access) -> Access:
    """The same, with Storage Read at another address."""
    channel = grpc.insecure_channel(address, options=access_module.CHANNEL)
    return Access(whole.project, whole.rest, BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel)))


def numbers(batches: Iterator[pa.RecordBatch]) -> list[int]:
    return [number for batch in batches for number in batch["n"].to_pylist()]


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("how", ["reset", "hang up"])
def test_streams_that_break_off_lose_no_row_and_double_none(
    emulator: Emulator, whole: Access, parallel: int, how: How
) -> None:
    with Resetting(emulator.grpc_host, how, after_bytes=200_000, times=4) as proxy:
        read = read_table(NUMBERS, columns=["n"], streams=parallel, access=through(proxy.address, whole))
        found = numbers(read)
        assert proxy.broken >= 3  # all streams share a connection, so that hanging up breaks them all at once
    print(
        f"{parallel} streams, {how}: broken off {proxy.broken} times, {len(found):,} rows, {len(set(found)):,} distinct"
    )
    assert sorted(found) == list(range(ROWS))


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("status", ["UNAVAILABLE", "INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"])
def test_what_passes_is_asked_again_at_the_row_where_it_broke_off(
    emulator: Emulator, whole: Access, parallel: int, status: str
) -> None:
    emulator.break_reads(status, after=2, times=4)
    assert sorted(numbers(read_table(NUMBERS, columns=["n"], streams=parallel, access=whole))) == list(range(ROWS))


def test_a_stream_that_brings_nothing_any_more_is_given_up(emulator: Emulator, whole: Access) -> None:
    emulator.break_reads("UNAVAILABLE", after=0, times=1_000)
    broken = pytest.raises(SourceUnavailable, match=r"broke off 5 times in a row after row 0.*ServiceUnavailable")
    with broken as error:
        list(read_table(NUMBERS, access=whole))
    assert "run the same command again later" in str(error.value)


def test_progress_between_failures_is_no_outage(emulator: Emulator, whole: Access) -> None:
    emulator.break_reads("UNAVAILABLE", after=1, times=20)  # a message each time: more than five failures in all
    assert len(numbers(read_table(NUMBERS, columns=["n"], access=whole))) == ROWS


def test_one_stream_keeps_the_order_of_the_table(whole: Access) -> None:
    assert numbers(read_table(NUMBERS, columns=["n"], access=whole)) == list(range(ROWS))


def test_only_the_columns_and_rows_that_were_asked_for_are_sent(whole: Access) -> None:
    batches = list(read_table(NUMBERS, columns=["week", "n"], where="week = '3' AND n < 70", access=whole))
    assert set(batches[0].schema.names) == {"n", "week"}
    assert numbers(iter(batches)) == list(range(3, 70, 7))
    [inner] = list(read_table(NUMBERS, columns=["inner_"], where="n = 5", access=whole))
    assert inner.to_pylist() == [{"inner_": {"id": 5, "letter": "x"}}]


class Listening(grpc.UnaryUnaryClientInterceptor):
    """Keeps the requests that a client sends, and lets them pass."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def intercept_unary_unary(self, continuation: Any, call_details: Any, request: Any) -> Any:
        self.requests.append(request)
        return continuation(call_details, request)


def test_batches_are_asked_for_in_lz4_and_read_so(emulator: Emulator, whole: Access) -> None:
    """The emulator sends them as they are, whatever it is asked."""
    listening = Listening()
    channel = grpc.intercept_channel(grpc.insecure_channel(emulator.grpc_host), listening)
    client = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
    assert numbers(read_table(NUMBERS, columns=["n"], where="n < 3", access=Access(PROJECT, whole.rest, client)))
    [session] = [request.read_session for request in listening.requests]
    assert session.read_options.arrow_serialization_options.buffer_compression.name == "LZ4_FRAME"
    assert session.read_options.response_compression_codec == 0  # both would be refused
    batch = pa.record_batch({"n": list(range(9_999))})
    written = pa.BufferOutputStream()
    with pa.ipc.new_stream(written, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_batch(batch)
    _, message = pa.ipc.MessageReader.open_stream(written.getvalue())
    assert message.body.size < batch.nbytes
    assert list(Reading(batch.schema, iter([message.serialize().to_pybytes()])).batches()) == [batch]


def test_a_table_without_rows_is_read_to_its_end(whole: Access) -> None:
    assert numbers(read_table(f"{PROJECT}.things.none", access=whole)) == []


def test_rows_wait_at_the_server_while_nobody_takes_them(whole: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HELD_BYTES", 100_000)
    put, end = streams._Held.put, streams._Held.end
    changed = threading.Condition()
    waiting, reading, sizes = 0, 4, []

    def watched_put(self: Any, message: bytes) -> None:
        nonlocal waiting
        with changed:
            waiting += 1
            changed.notify()
        put(self, message)
        with changed:
            waiting -= 1
            sizes.append(self._size)

    def watched_end(self: Any, error: Exception | None = None) -> None:
        nonlocal reading
        end(self, error)
        with changed:
            reading -= 1
            changed.notify()

    monkeypatch.setattr(streams._Held, "put", watched_put)
    monkeypatch.setattr(streams._Held, "end", watched_end)
    largest = total = rows = 0
    for batch in read_table(NUMBERS, streams=4, access=whole):
        largest, total, rows = max(largest, batch.nbytes), total + batch.nbytes, rows + batch.num_rows
        with changed:  # take the next one only when no reader can go on
            assert changed.wait_for(lambda: waiting == reading, timeout=60)
    assert rows == ROWS
    assert max(sizes) < 100_000 + 2 * largest < total / 4


def test_a_stream_that_fails_while_others_go_on_is_no_outage(
    emulator: Emulator, whole: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams share a connection: one that breaks again and again may have let nothing of theirs through."""
    monkeypatch.setenv("MILLRACE_RETRY_SECONDS", "0")
    monkeypatch.setattr(streams, "HELD_BYTES", 1)
    put, end, changed = streams._Held.put, streams._Held.end, threading.Condition()
    arrived = failed = seen = 0
    given_up = False

    def watched_put(self: Any, message: bytes) -> None:
        nonlocal arrived
        put(self, message)
        with changed:
            arrived += 1
            changed.notify_all()

    def watched_end(self: Any, error: Exception | None = None) -> None:
        nonlocal given_up
        end(self, error)
        with changed:
            given_up = given_up or error is not None
            changed.notify_all()

    class Failing(grpc.UnaryStreamClientInterceptor):
        """Sends one stream's first calls to where nobody listens, a message of the others between each two."""

        def intercept_unary_stream(self, continuation: Any, call_details: Any, request: Any) -> Any:
            nonlocal failed, seen
            if not request.read_stream.endswith("/1") or failed == 9:
                return continuation(call_details, request)
            with changed:
                assert changed.wait_for(lambda: arrived > seen, timeout=60)
                seen, failed = arrived, failed + 1
                changed.notify_all()
            away = grpc.insecure_channel(f"127.0.0.1:{closed_port()}")
            return away.unary_stream(call_details.method)(b"")

    monkeypatch.setattr(streams._Held, "put", watched_put)
    monkeypatch.setattr(streams._Held, "end", watched_end)
    channel = grpc.intercept_channel(
        grpc.insecure_channel(emulator.grpc_host, options=access_module.CHANNEL), Failing()
    )
    client = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
    found: list[int] = []
    for taken, batch in enumerate(
        read_table(NUMBERS, columns=["n"], streams=4, access=Access(PROJECT, whole.rest, client))
    ):
        found += batch["n"].to_pylist()
        with changed:  # the next one only when the one before has been followed by a failure
            assert changed.wait_for(lambda taken=taken: given_up or failed >= min(9, taken), timeout=60)
    assert sorted(found) == list(range(ROWS))
    assert failed == 9


def test_ending_early_ends_the_readers(whole: Access) -> None:
    read = read_table(NUMBERS, streams=4, access=whole)
    next(read)
    read.close()
    assert [one.name for one in threading.enumerate() if one.name.startswith("read projects/")] == []


@pytest.mark.parametrize("after", [0, 1])
def test_ending_early_does_not_wait_for_a_stream_that_says_nothing(
    emulator: Emulator, whole: Access, after: int
) -> None:
    """As one does whose rows BigQuery leaves out for a long time, before its first message or after it."""
    emulator.break_reads("SILENCE", after=after, times=1)
    read = read_table(NUMBERS, columns=["n"], streams=4, access=whole)
    next(read)
    closing = threading.Thread(target=read.close, daemon=True)
    closing.start()
    closing.join(30)
    assert not closing.is_alive()


@pytest.mark.parametrize("scratch", [None, f"{PROJECT}.things"])
def test_a_query_is_read_from_a_table_that_goes_by_itself(whole: Access, scratch: str | None) -> None:
    before = {table.table_id for table in whole.rest.list_tables(f"{PROJECT}.things")}
    sql = f"SELECT n FROM {PROJECT}.things.seen WHERE n < 1000;"
    read = read_query(sql, scratch=scratch, access=whole)
    found = [*next(read)["n"].to_pylist()]
    made = {table.table_id for table in whole.rest.list_tables(f"{PROJECT}.things")} - before
    for name in made:
        assert whole.rest.get_table(f"{PROJECT}.things.{name}").expires is not None
    assert len(made) == (scratch is not None)
    assert sorted(found + numbers(read)) == list(range(1_000))
    assert {table.table_id for table in whole.rest.list_tables(f"{PROJECT}.things")} == before


def test_every_job_has_the_labels(whole: Access) -> None:
    few = Selection(NUMBERS, ("n",), "n < 7")
    assert len(numbers(open_pages(whole, few, describe(whole, few)).batches())) == 7
    for scratch in (None, f"{PROJECT}.things"):
        assert numbers(read_query("SELECT 7 AS n", scratch=scratch, access=whole)) == [7]
    jobs = [job for job in whole.rest.list_jobs() if "n < 7" in job.query or "SELECT 7 AS n" in job.query]
    assert [job.labels for job in jobs] == [{"team": "power", "env": "test"}] * 3


@pytest.mark.parametrize(
    ("read", "kind", "said"),
    [
        (lambda a: read_table(f"{PROJECT}.things.nothing", access=a), DeclarationError, r"nothing: not found"),
        (lambda a: read_table("nothing", access=a), DeclarationError, r"'nothing' is not a table; write project\."),
        (
            lambda a: read_table(f"{PROJECT}.things.seen", access=a),
            DeclarationError,
            r"seen is of the type VIEW.*read it as a query, SELECT \* FROM `read-tables\.things\.seen`",
        ),
        (
            lambda a: read_table(NUMBERS, columns=["halv"], access=a),
            DeclarationError,
            r"has no column 'halv'; did you mean half\?",
        ),
        (lambda a: read_table(NUMBERS, where="nope = 1", access=a), DeclarationError, r"does not accept .*nope"),
        (lambda a: read_query("SELECT nope", access=a), DeclarationError, r"the query: BigQuery does not accept"),
        (lambda a: read_query("-- none", access=a), DeclarationError, r"the query has no rows of its own .*one SELECT"),
        (lambda a: read_table(NUMBERS, streams=0, access=a), DeclarationError, r"0 streams: at least one"),
    ],
    ids=["missing table", "no name", "view", "column", "condition", "query", "no query", "no streams"],
)
def test_a_mistake_is_answered_with_what_to_write(
    whole: Access, read: Callable[[Access], Iterator[pa.RecordBatch]], kind: type[LoaderError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        list(read(whole))


def test_an_expired_session_is_not_asked_again(emulator: Emulator, whole: Access) -> None:
    emulator.break_reads("FAILED_PRECONDITION", after=1, times=1, said="session expired at 2026-01-01T00:00:00+00:00")
    with pytest.raises(SourceUnavailable, match=r"session expired at .*lasts six hours. Begin again"):
        list(read_table(NUMBERS, access=whole))


def test_without_the_right_to_streams_rows_come_in_pages_with_a_warning(emulator: Emulator, whole: Access) -> None:
    emulator.break_reads("PERMISSION_DENIED", after=0, times=1)
    with pytest.warns(SlowRead, match=r"refused .*ask for roles/bigquery\.readSessionUser.*REST"):
        batches = list(read_table(NUMBERS, columns=["n", "half"], where="n < 50000", access=whole))
    assert numbers(iter(batches)) == list(range(50_000))
    assert max(batch.num_rows for batch in batches) <= 20_000


def test_pages_of_no_rows_still_have_columns(whole: Access) -> None:
    nothing = Selection(NUMBERS, ("n", "half"), "n < 0")
    pages = open_pages(whole, nothing, describe(whole, nothing))
    assert pages.schema.names == ["n", "half"]
    assert numbers(pages.batches()) == []


def test_a_right_that_is_lost_on_the_way_is_no_reason_to_begin_again(emulator: Emulator, whole: Access) -> None:
    # So late that the first rows have been taken: gRPC gives out a refusal before messages that nobody has asked for.
    emulator.break_reads("PERMISSION_DENIED", after=20, times=1)
    with warnings.catch_warnings(), pytest.raises(AccessRefused, match=r"ask for roles"):
        warnings.simplefilter("error")
        list(read_table(NUMBERS, access=whole))


def test_without_any_right_the_error_names_what_to_ask_for(whole: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        b'{"error": {"code": 403, "message": "Access Denied: Table numbers", "errors": [{"reason": "accessDenied"}]}}'
    )
    with sending(http("403 Forbidden", said, "Content-Type: application/json")) as url:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", url)
        refused = Access(PROJECT, bigquery.Client(PROJECT, whole.rest._credentials), whole.storage)
        with pytest.raises(AccessRefused, match=r"Access Denied: Table numbers\S*; ask for roles/bigquery"):
            list(read_table(NUMBERS, access=refused))


@pytest.mark.parametrize(
    ("reason", "kind", "said"),
    [
        ("quotaExceeded", SourceUnavailable, "quota .* wait until it is refilled"),
        ("responseTooLarge", DeclarationError, "write a dataset for it in MILLRACE_BIGQUERY_SCRATCH"),
        ("billingNotEnabled", DeclarationError, "enable billing"),
    ],
)
def test_what_no_right_would_help_against_is_not_answered_with_rights(
    whole: Access, monkeypatch: pytest.MonkeyPatch, reason: str, kind: type[LoaderError], said: str
) -> None:
    body = f'{{"error": {{"code": 403, "message": "No.", "errors": [{{"reason": "{reason}"}}]}}}}'.encode()
    with sending(http("403 Forbidden", body, "Content-Type: application/json")) as url:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", url)
        refused = Access(PROJECT, bigquery.Client(PROJECT, whole.rest._credentials), whole.storage)
        with pytest.raises(kind, match=said):
            list(read_query("SELECT 1 AS n", access=refused))


def test_without_credentials_it_says_how_to_get_some(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("BIGQUERY_EMULATOR_HOST", "BIGQUERY_STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(WarehouseUnavailable, match="run `gcloud auth application-default login`"):
        Access.of_environment(PROJECT)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    with pytest.raises(DeclarationError, match="write its id in MILLRACE_BIGQUERY_PROJECT"):
        Access.of_environment()


@pytest.mark.parametrize("there", ["BIGQUERY_EMULATOR_HOST", "BIGQUERY_STORAGE_EMULATOR_HOST"])
def test_half_an_emulator_is_not_completed_with_the_real_service(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    both = {"BIGQUERY_EMULATOR_HOST": emulator.host, "BIGQUERY_STORAGE_EMULATOR_HOST": emulator.grpc_host}
    [missing] = both.keys() - {there}
    monkeypatch.delenv(missing, raising=False)
    monkeypatch.setenv(there, both[there])
    with pytest.raises(DeclarationError, match=f"{there} names an emulator: write its other address in {missing}"):
        Access.of_environment(PROJECT)


def test_batches_are_typed_as_bigquery_has_them(whole: Access) -> None:
    [batch] = read_table(NUMBERS, where="n = 3", access=whole)
    assert batch.schema.field("n").type == pa.int64()
    assert pc.equal(batch["half"], 1.5)[0].as_py()


def test_nothing_of_google_is_imported_before_it_is_used() -> None:
    heavy = {"grpc", "google.auth", "google.api_core", "google.cloud.bigquery", "google.cloud.bigquery_storage_v1"}
    asked = "import sys, loaders.features, loaders.sources.bigquery; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()
