"""Tables of BigQuery into other warehouses and into files: whole, once, again, and by days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.cloud import bigquery
from rich.console import Console

from loaders.delimited import as_file
from loaders.errors import DeclarationError
from loaders.load_table import Wanted, _into_folder, load_table
from loaders.sources.bigquery import ipc
from loaders.sources.bigquery.access import Access
from loaders.sources.bigquery.declare import declare, plain
from loaders.sources.bigquery.publisher import _messages
from loaders.sources.bigquery.read import Reading
from tests.bigquery.emulator import Emulator
from tests.loads import ledger, run_cli
from tests.warehouses import Target

PROJECT = "load-tables"
THINGS = f"{PROJECT}.shop.things"
ROWS = 30_000
DAYS = [(date(2024, 1, 1), date(2024, 1, 4))]


@pytest.fixture(scope="module")
def settings(emulator: Emulator) -> dict[str, str]:
    """Where the emulator is, with a table of every type in it."""
    settings = {
        "BIGQUERY_EMULATOR_HOST": emulator.host,
        "BIGQUERY_STORAGE_EMULATOR_HOST": emulator.grpc_host,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "MILLRACE_RETRY_SECONDS": "0",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        access = Access.of_environment()
    access.rest.create_dataset(f"{PROJECT}.shop")
    access.rest.query(
        f"""CREATE TABLE {THINGS} AS SELECT n AS thingId, n / 7 AS half, CAST(n AS NUMERIC) / 8 AS price,
        MOD(n, 2) = 0 AS isEven, IF(MOD(n, 5) = 0, NULL, CONCAT('näme ', CAST(n AS STRING))) AS `name`,
        DATE_ADD(DATE '2024-01-01', INTERVAL MOD(n, 3) DAY) AS day,
        TIMESTAMP_ADD(TIMESTAMP '2024-01-01', INTERVAL n SECOND) AS soldAt, DATETIME '2024-01-01 12:00:00' AS clock,
        STRUCT(n AS a, 'x' AS b) AS inside, [n, n + 1] AS several, b'\\x00\\xff' AS raw
        FROM UNNEST(GENERATE_ARRAY(0, {ROWS - 1})) AS n"""
    ).result()
    access.rest.query(f"CREATE TABLE {PROJECT}.shop.others AS SELECT 1 AS thingId").result()
    access.rest.query(f"CREATE TABLE {PROJECT}.shop.clash AS SELECT 1 AS aB, 2 AS a_b").result()
    access.rest.query(f"CREATE TABLE {PROJECT}.shop.empty (n INT64)").result()
    access.rest.query(f"CREATE TABLE {PROJECT}.shop.digits (a NUMERIC(10), b NUMERIC(12, 3), c NUMERIC)").result()
    access.rest.query(f"INSERT {PROJECT}.shop.digits VALUES (7, 1.125, 0.5)").result()
    access.rest.query(
        f"""CREATE TABLE {PROJECT}.shop.wide AS SELECT CAST(text AS BIGNUMERIC) AS big,
        STRUCT(CAST(text AS BIGNUMERIC) AS big, [CAST(text AS NUMERIC)] AS several) AS inside
        FROM UNNEST(['0', '1.5', '-0.00000001', '1200']) AS text"""
    ).result()
    access.rest.query(
        f"CREATE TABLE {PROJECT}.shop.limits AS SELECT [STRUCT(CAST(text AS FLOAT64) AS x)] AS inside "
        "FROM UNNEST(['NaN', 'inf', '-inf', '0.5']) AS text"
    ).result()
    return settings


@pytest.fixture(autouse=True)
def _emulated(settings: dict[str, str], emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield
    emulator.mend_reads()


def load(target: Target, **wanted: object) -> tuple[list[int], str]:
    """Exit codes and what was said."""
    said = StringIO()
    console = Console(file=said, width=300)
    spans = DAYS if "by" in wanted else []
    force = bool(wanted.pop("force", False))
    codes = load_table(console, Wanted(**{"table": THINGS, **wanted}), target.open(), spans, force)
    return codes, said.getvalue()


def test_a_table_is_loaded_whole_with_its_types_and_again(warehouse: Target) -> None:
    for _ in range(2):
        codes, said = load(warehouse, streams=4)
        assert codes == [0]
        assert "1 windows loaded, 0 done before, 0 failed, 0 left; 30,000 rows, 0 quarantined" in said
    rows = warehouse.rows("bigquery__shop_things", ["*"], "thing_id IN (0, 7)")
    by_id = {row[0]: row[:11] for row in rows}
    assert by_id[7] == (
        7,
        1.0,
        Decimal("0.875"),
        False,
        "näme 7",
        date(2024, 1, 2),
        datetime(2024, 1, 1, 0, 0, 7, tzinfo=UTC),
        "2024-01-01 12:00:00.000000",
        '{"a": 7, "b": "x"}',
        "[7, 8]",
        "AP8=",
    )
    assert by_id[0][4] is None
    assert warehouse.count("bigquery__shop_things") == ROWS
    assert [(entry["window_label"], entry["rows_loaded"], entry["request"]) for entry in ledger(warehouse)] == [
        ("snapshot", ROWS, THINGS)
    ] * 2


def test_decimals_have_the_digits_that_bigquery_declares(duckdb_file: Target) -> None:
    assert load(duckdb_file, table=f"{PROJECT}.shop.digits")[0] == [0]
    assert duckdb_file.rows("bigquery__shop_digits", ["a", "b", "c"]) == [
        (Decimal(7), Decimal("1.125"), Decimal("0.500000000"))
    ]


def test_bignumeric_is_text_as_bigquery_writes_it(duckdb_file: Target) -> None:
    assert load(duckdb_file, table=f"{PROJECT}.shop.wide")[0] == [0]
    found = dict(duckdb_file.rows("bigquery__shop_wide", ["big", "inside"]))
    texts = ("0", "1.5", "-0.00000001", "1200")
    assert found == {text: f'{{"big": "{text}", "several": ["{text}"]}}' for text in texts}


def test_bignumeric_keeps_all_of_its_digits_wherever_it_goes(tmp_path: Path) -> None:
    """The emulator sends 38 of them, and so a type that every reader of parquet has."""
    texts = ["0", "-1.5", "0.00000000000000000000000000000000000001", f"{'5' * 38}.{'7' * 37}1", None]
    values = [None if text is None else Decimal(text) for text in texts]
    wide = pa.decimal256(76, 38)
    inside = pa.array(
        [{"big": [value], "n": 1} for value in values], pa.struct({"big": pa.list_(wide), "n": pa.int8()})
    )
    batch = pa.record_batch({"big": pa.array(values, wide), "inside": inside})

    def reading() -> Reading:
        return Reading(batch.schema, iter([batch.serialize().to_pybytes()]))

    _into_folder(Console(file=StringIO()), Wanted(THINGS), tmp_path / "out", reading())
    stored = pq.read_table(tmp_path / "out")
    assert stored["big"].to_pylist() == texts
    assert stored["inside"].to_pylist() == [{"big": [text], "n": 1} for text in texts]
    described = bigquery.Table(
        THINGS, [bigquery.SchemaField("big", "BIGNUMERIC"), bigquery.SchemaField("inside", "JSON")]
    )
    [dataset] = declare(described, (), THINGS).datasets.values()
    [read] = ipc.read(as_file(_messages(reading())), dataset, THINGS)
    assert read["big"].to_pylist() == texts
    assert [json.loads(text) for text in read["inside"].to_pylist()] == stored["inside"].to_pylist()


def test_what_is_no_number_inside_a_struct_is_text_as_bigquery_writes_it_into_json(duckdb_file: Target) -> None:
    assert load(duckdb_file, table=f"{PROJECT}.shop.limits")[0] == [0]
    texts = [row[0] for row in duckdb_file.rows("bigquery__shop_limits", ["inside"])]
    assert sorted(texts) == ['[{"x": "-Infinity"}]', '[{"x": "Infinity"}]', '[{"x": "NaN"}]', '[{"x": 0.5}]']


@pytest.mark.parametrize("streams", [1, 4])
def test_a_read_that_breaks_off_is_loaded_once(duckdb_file: Target, emulator: Emulator, streams: int) -> None:
    emulator.break_reads("UNAVAILABLE", after=1, times=8)
    assert load(duckdb_file, columns=("thingId",), streams=streams)[0] == [0]
    ids = [row[0] for row in duckdb_file.rows("bigquery__shop_things", ["thing_id"])]
    assert sorted(ids) == list(range(ROWS))


def test_a_read_that_fails_leaves_what_was_there(duckdb_file: Target, emulator: Emulator) -> None:
    assert load(duckdb_file, where="thingId < 100")[0] == [0]
    emulator.break_reads("FAILED_PRECONDITION", after=1, times=1_000, said="session expired at noon")
    codes, said = load(duckdb_file, where="thingId < 20000")
    assert codes == [1]
    assert "session expired at noon; a read session lasts six hours" in " ".join(said.split())
    assert duckdb_file.count("bigquery__shop_things") == 100
    assert [entry["status"] for entry in ledger(duckdb_file)] == ["loaded", "failed"]


@pytest.mark.parametrize(("by", "column"), [("day", "day"), ("soldAt", "sold_at")])
def test_a_table_is_loaded_by_days_and_only_what_is_missing(duckdb_file: Target, by: str, column: str) -> None:
    codes, said = load(duckdb_file, by=by, where="thingId < 29000")
    assert codes == [0]
    assert "3 windows loaded, 0 done before" in said
    assert duckdb_file.count("bigquery__shop_things") == 29_000
    assert "0 windows loaded, 3 done before" in load(duckdb_file, by=by, where="thingId < 29000")[1]
    days = {entry["window_label"]: entry["rows_loaded"] for entry in ledger(duckdb_file)}
    counted = dict(
        duckdb_file.query(f"SELECT CAST({column} AS DATE)::VARCHAR, COUNT(*) FROM raw.bigquery__shop_things GROUP BY 1")
    )
    assert counted == {day: rows for day, rows in days.items() if rows}


def test_a_query_is_loaded_under_the_name_that_it_is_given(
    duckdb_file: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_BIGQUERY_SCRATCH", f"{PROJECT}.shop")
    sql = f"SELECT day, COUNT(*) AS things FROM {THINGS} GROUP BY day"
    assert load(duckdb_file, table=None, query=sql, name="things_a_day", scratch=f"{PROJECT}.shop")[0] == [0]
    assert sorted(duckdb_file.rows("bigquery__things_a_day", ["day", "things"])) == [
        (date(2024, 1, 1) + timedelta(days=day), 10_000) for day in range(3)
    ]


def test_a_table_becomes_files_that_appear_whole(tmp_path: Path, emulator: Emulator) -> None:
    console = Console(file=StringIO())
    folder = tmp_path / "lake" / "things"
    folder.parent.mkdir()
    assert load_table(console, Wanted(THINGS, streams=4), folder, []) == [0]
    before = pq.read_table(folder)
    assert before.num_rows == ROWS
    assert before.schema.field("price").type == pa.decimal128(38, 9)
    manifest = json.loads((folder / "_manifest.json").read_text())
    assert (manifest["rows"], manifest["source"]) == (ROWS, THINGS)
    assert sum(file["rows"] for file in manifest["files"]) == ROWS
    emulator.break_reads("FAILED_PRECONDITION", after=1, times=9, said="session expired")
    with pytest.raises(Exception, match="session expired"):
        load_table(console, Wanted(THINGS), folder, [])
    assert sorted(path.name for path in folder.parent.iterdir()) == ["things"]
    assert pq.read_table(folder).equals(before)


def test_an_interval_is_refused_where_there_is_no_type_for_it(tmp_path: Path) -> None:
    """The emulator sends intervals as text, BigQuery sends them as Arrow's own."""
    reading = Reading(pa.schema([("n", pa.int64()), ("lasts", pa.month_day_nano_interval())]), iter(()))
    with pytest.raises(DeclarationError, match=r"column lasts is an interval, .*leave it out with --column"):
        _into_folder(Console(), Wanted(THINGS), tmp_path / "out", reading)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_table_is_a_table_without_rows(duckdb_file: Target, tmp_path: Path) -> None:
    assert load(duckdb_file, table=f"{PROJECT}.shop.empty")[0] == [0]
    assert duckdb_file.has("bigquery__shop_empty")
    load_table(Console(file=StringIO()), Wanted(f"{PROJECT}.shop.empty"), tmp_path / "empty", [])
    assert pq.read_table(tmp_path / "empty").schema.names == ["n"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"table": None}, "say what to read from BigQuery: --table project.dataset.table, or --query"),
        ({"table": None, "query": "SELECT 1 AS a", "where": "a = 1"}, "with --query write them into the query"),
        ({"streams": 0}, "--streams 0: at least one"),
        ({"by": "name"}, "name is STRING; days are taken from a DATE or a TIMESTAMP"),
        ({"by": "nope"}, "nope is no column"),
        ({"by": "day", "columns": ("name",)}, "days are taken from day, so it has to be among the columns"),
        ({"name": "Not So"}, "'Not So' cannot name a table: give it one with --name"),
        ({"table": f"{PROJECT}.shop.clash"}, "columns aB and a_b would both be 'a_b'; leave one out with --column"),
        ({"table": f"{PROJECT}.shop.nothing"}, "nothing: not found"),
    ],
)
def test_a_wish_that_cannot_be_met_is_answered(duckdb_file: Target, wanted: dict[str, object], said: str) -> None:
    with pytest.raises(DeclarationError) as error:
        load(duckdb_file, **wanted)
    assert said in str(error.value)


def test_one_table_does_not_replace_another_of_the_same_name(duckdb_file: Target) -> None:
    assert load(duckdb_file, name="things", columns=("thingId",), where="thingId < 9")[0] == [0]
    with pytest.raises(DeclarationError, match=rf"bigquery__things holds {THINGS}, which .*others would replace"):
        load(duckdb_file, table=f"{PROJECT}.shop.others", name="things")


def test_names_are_small_letters_and_single_underscores() -> None:
    names = ["tradeDate", "Trade  Date", "MWh_total", "_x_", "2024"]
    assert [plain(name) for name in names] == ["trade_date", "trade_date", "mwh_total", "x", "n2024"]


def test_the_command_loads_a_table(duckdb_file: Target, settings: dict[str, str]) -> None:
    arguments = ("load", "--source", "bigquery", "--table", THINGS, "--column", "thingId", "--where", "thingId < 500")
    done = run_cli(*arguments, **duckdb_file.settings, **settings)
    assert done.returncode == 0, done.stderr
    assert f"{THINGS} into bigquery__shop_things" in done.stdout
    assert duckdb_file.count("bigquery__shop_things") == 500
