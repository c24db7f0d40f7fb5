"""The same table gives the same split, the same numbers and the same features in every warehouse, and in Python."""

from __future__ import annotations

import calendar
import hashlib
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from google.cloud import bigquery

from loaders.errors import AccessRefused, DeclarationError
from loaders.features.bigquery_store import BigQueryStore
from loaders.features.columns import Column
from loaders.features.fit import Wishes, fit
from loaders.features.fitted import Fit
from loaders.features.in_warehouse import features_sql
from loaders.features.prepare import write_features, write_table
from loaders.features.split import HashSplit, TemporalSplit, key_hashes, split_by_hash
from loaders.features.statistics import source
from loaders.features.store import Store, open_store
from loaders.features.transform import Transformer
from loaders.sources.bigquery.access import Access
from tests.bigquery.analyse import Statement, analyse
from tests.features.conftest import TABLE, put
from tests.features.observations import ROWS, observations
from tests.wire import http, sending

WISHES = Wishes(
    target_column="cost",
    index_col="id",
    force_categorical_columns=["level"],
    drop_columns=["station"],
    max_categories=11,
    other=True,
    time_zone="Europe/London",
)
CLOSE = 1e-12
LONDON = ZoneInfo("Europe/London")
TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"} | {  # as a query names them
    name: name for name in ("STRING", "NUMERIC", "DATE", "TIMESTAMP")
}


@pytest.fixture(scope="module")
def fitted(store: Store) -> Fit:
    return fit(store, TABLE, WISHES)


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    return observations()


def python_split(key: object, seed: str = "millrace") -> str:
    """The definition, a second time: the first 32 bits of an md5, modulo 10,000."""
    bucket = int(hashlib.md5(f"{seed}|{key}".encode()).hexdigest()[:8], 16) % 10_000
    return "train" if bucket < 8_000 else "val" if bucket < 9_000 else "test"


def train_values(rows: pa.Table, column: str) -> list[float]:
    """The finite values of the training rows, as doubles."""
    is_train = [python_split(key) == "train" for key in rows["id"].to_pylist()]
    values = zip(is_train, rows[column].to_pylist(), strict=True)
    return [float(value) for train, value in values if train and value is not None and math.isfinite(value)]


@pytest.mark.parametrize("column", ["id", "station", "day"])
def test_20_000_keys_are_split_alike_in_the_warehouse_and_in_python(store: Store, column: str, rows: pa.Table) -> None:
    keys = rows[column].combine_chunks()
    kind = {"id": "integer", "station": "text", "day": "date"}[column]
    key = Column(path=(column,), kind=kind)
    dialect = store.dialect
    wanted = [dialect.text(key), dialect.split(HashSplit(), key), dialect.hash("millrace", key, 1)]
    found = Counter(store.query(f"SELECT c0, c1, c2 FROM ({source(store.name(TABLE), wanted, 'TRUE')}) AS s"))
    first, second = key_hashes("millrace", keys)
    split = split_by_hash(HashSplit(), first).to_pylist()
    texts = keys.cast(pa.string()).to_pylist()
    assert sum(found.values()) == ROWS
    assert found == Counter(zip(texts, split, second.to_pylist(), strict=True))
    assert split == [python_split(key) for key in texts]


def test_numbers_are_learned_from_the_training_rows_alone(fitted: Fit, rows: pa.Table) -> None:
    splits = Counter(python_split(key) for key in rows["id"].to_pylist())
    assert fitted.rows == {name: splits[name] for name in ("train", "val", "test")}
    assert [one.column.name for one in fitted.scaled] == ["load_mw", "price", "meter", "constant", "rate", "pair"]
    assert {one.column.name: one.median for one in fitted.scaled}["pair"] == 1.5
    for one in fitted.scaled:
        observed = train_values(rows, one.column.name)
        median = statistics.median(observed)
        imputed = observed + [median] * (splits["train"] - len(observed))
        mean = math.fsum(imputed) / len(imputed)
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in imputed) / len(imputed))
        scale = 1.0 if one.column.name == "constant" else deviation
        assert one.median == median
        assert one.mean == pytest.approx(mean, rel=CLOSE, abs=CLOSE * scale)
        assert one.scale == pytest.approx(scale, rel=CLOSE)
        assert one.null_share == (splits["train"] - len(observed)) / splits["train"]


def test_values_without_a_variance_are_named_and_the_largest_with_one_are_learned_from(
    store: Store, rows: pa.Table
) -> None:
    number = store.dialect.number
    values = {"beyond": (1.0, -1.7e308), "far": (1e154, 1e155), "large": (1e140, -1e140)}
    wanted = [
        f"CASE WHEN MOD(id, 2) = 0 THEN {number(a)} ELSE {number(b)} END AS {name}" for name, (a, b) in values.items()
    ]
    store.replace("features_test.large", f"SELECT id, cost, {', '.join(wanted)} FROM {store.name(TABLE)}")
    said = r"^features_test\.large: values of beyond, far are beyond ±1e\+140, .*drop_columns"
    with pytest.raises(DeclarationError, match=said):
        fit(store, "features_test.large", Wishes("cost", "id"))
    [large] = fit(store, "features_test.large", Wishes("cost", "id", drop_columns=["beyond", "far"])).scaled
    trained = [1 - 2 * (key % 2) for key in rows["id"].to_pylist() if python_split(key) == "train"]
    assert large.mean / 1e140 == pytest.approx(statistics.mean(trained), rel=CLOSE, abs=CLOSE)
    assert large.scale / 1e140 == pytest.approx(statistics.pstdev(trained), rel=CLOSE)


def test_columns_without_values_are_dropped_with_the_reason(fitted: Fit) -> None:
    assert fitted.dropped["nothing"] == "no value in the training rows"
    assert "of the training rows are null" in fitted.dropped["sparse"]
    assert fitted.dropped["station"] == "as asked"


def test_the_vocabulary_is_the_most_frequent_and_then_by_bytes(fitted: Fit, rows: pa.Table) -> None:
    keys, fuels = rows["id"].to_pylist(), rows["fuel"].to_pylist()
    counts = Counter(
        fuel for key, fuel in zip(keys, fuels, strict=True) if python_split(key) == "train" and fuel is not None
    )
    by_name = {one.column.name: one for one in fitted.categories}
    ordered = sorted(counts, key=lambda fuel: (-counts[fuel], fuel.encode()))
    assert by_name["fuel"].vocabulary == tuple(ordered[:11])
    assert set(by_name["level"].vocabulary) == {"0", "1", "2", "7"}
    assert by_name["level"].vocabulary[0] == "1"


def test_both_ways_of_transforming_give_the_same_rows(store: Store, fitted: Fit, tmp_path: Path) -> None:
    prepared = write_features(store, TABLE, fitted, tmp_path / "features", unchanged=True)
    streamed = {
        row["id"]: (split, row)
        for split in ("train", "val", "test")
        for batch in prepared.batches(split)
        for row in batch.to_pylist()
    }
    assert len(streamed) == ROWS
    names = ["id", "cost", *fitted.features]
    write_table(store, TABLE, fitted, "features_test.features")
    wanted = ", ".join(store.dialect.identifier(name) for name in ("split", *names))
    computed = store.query(f"SELECT {wanted} FROM {store.name('features_test.features')}")
    assert len(computed) == ROWS
    worst = 0.0
    for split, *cells in computed:
        there, row = streamed[cells[0]]
        assert split == there
        assert cells[1] == row["cost"]
        for name, cell in zip(names[2:], cells[2:], strict=True):
            worst = max(worst, abs(float(cell) - row[name]))
    print(f"{store.dialect.name}: {ROWS:,} rows x {len(names)} columns, the greatest difference is {worst:.1e}")
    assert worst <= CLOSE


def test_features_are_what_they_are_defined_to_be(store: Store, fitted: Fit, rows: pa.Table) -> None:
    """Row by row, from the definitions and the fit's numbers, in plain Python."""
    batch = next(batch for batch in store.read(TABLE, fitted.inputs) if batch.num_rows)
    features = Transformer(fitted).transform(batch)
    assert features.schema.names == ["id", "cost", *fitted.features]
    raw = {row["id"]: row for row in rows.to_pylist()}
    for row in features.slice(0, 2_000).to_pylist():
        _check_row(raw[row["id"]], row, fitted)


def _check_row(raw: dict[str, object], row: dict[str, float], fitted: Fit) -> None:
    for one in fitted.scaled:
        value = raw[one.column.name]
        number = float(value) if value is not None and math.isfinite(value) else one.median
        assert row[one.column.name] == pytest.approx((number - one.mean) / one.scale, abs=CLOSE)
    [flag] = fitted.flags
    assert row["is_peak"] == (flag.median if raw["is_peak"] is None else float(raw["is_peak"]))
    for category in fitted.categories:
        value = raw[category.column.name]
        expected = [int(str(value) == word) for word in category.vocabulary]
        expected.append(int(value is not None and str(value) not in category.vocabulary))
        assert [row[name] for name in category.outputs] == expected
    _check_circles("settled", raw["settled"], row, ("dayofweek", "day", "month"))
    at = raw["read_at"]
    local = at.astimezone(LONDON) if isinstance(at, datetime) else None
    _check_circles("read_at", local, row, ("hour", "dayofweek", "day", "month"))


def _check_circles(name: str, at: object, row: dict[str, float], parts: Sequence[str]) -> None:
    for part in parts:
        found = row[f"{name}_sin_{part}"], row[f"{name}_cos_{part}"]
        if not isinstance(at, date):
            assert found == (0.0, 0.0)
            continue
        turn = {
            "hour": getattr(at, "hour", 0) / 24,
            "dayofweek": at.weekday() / 7,
            "day": (at.day - 1) / calendar.monthrange(at.year, at.month)[1],
            "month": (at.month - 1) / 12,
        }[part]
        assert found == pytest.approx((math.sin(2 * math.pi * turn), math.cos(2 * math.pi * turn)), abs=CLOSE)


def test_a_key_that_is_a_time_splits_by_whole_days(store: Store, rows: pa.Table) -> None:
    learned = fit(store, TABLE, Wishes("cost", "day", drop_columns=["station", "id"]))
    days = Counter(rows["day"].to_pylist())
    assert isinstance(learned.split, TemporalSplit)
    val_from, test_from = learned.split.bounds("date")
    before = sum(count for day, count in days.items() if day < val_from)
    assert 0.8 * ROWS <= before < 0.8 * ROWS + max(days.values())
    assert 0.9 * ROWS <= before + learned.rows["val"] < 0.9 * ROWS + max(days.values())
    assert learned.rows["train"] == before
    assert learned.rows["test"] == sum(count for day, count in days.items() if day >= test_from)


def test_a_limit_keeps_the_same_rows_everywhere(store: Store, rows: pa.Table, tmp_path: Path) -> None:
    wishes = Wishes("cost", "id", drop_columns=["station", "fuel", "read_at"], limit=3_000)
    learned = fit(store, TABLE, wishes)
    prepared = write_features(store, TABLE, learned, tmp_path / "features", unchanged=True)
    kept = {key for split in learned.rows for batch in prepared.batches(split) for key in batch["id"].to_pylist()}
    hashes = {key: int(hashlib.md5(f"millrace|{key}".encode()).hexdigest()[8:16], 16) for key in rows["id"].to_pylist()}
    assert kept == set(sorted(hashes, key=hashes.__getitem__)[:3_000])
    assert sum(learned.rows.values()) == 3_000


def test_a_table_without_rows_is_transformed_into_files_without_rows(store: Store, fitted: Fit, tmp_path: Path) -> None:
    store.replace("features_test.empty", f"SELECT * FROM {store.name(TABLE)} WHERE 1 = 0")
    prepared = write_features(store, "features_test.empty", fitted, tmp_path / "features")
    assert prepared.manifest["rows"] == {"train": 0, "val": 0, "test": 0}
    assert list(prepared.manifest["columns"]) == ["id", "cost", *fitted.features]


def test_a_table_of_features_brings_its_schema_along(store: Store, fitted: Fit) -> None:
    write_table(store, TABLE, fitted, "features_made.observations")
    assert store.query(f"SELECT COUNT(*) FROM {store.name('features_made.observations')}") == [(ROWS,)]


def test_in_bigquery_the_new_dataset_and_the_jobs_have_the_labels(access: Access) -> None:
    BigQueryStore(access).replace("labelled.seven", "SELECT 7 AS n")
    made = access.rest.get_dataset(f"{access.project}.labelled")
    assert (made.location, made.labels) == ("europe-west2", {"team": "power"})
    [job] = [job for job in access.rest.list_jobs() if job.job_type == "query" and "SELECT 7 AS n" in job.query]
    assert job.labels == {"team": "power"}


def test_a_table_of_bigquery_without_a_dataset_is_looked_for_among_the_marts(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_BIGQUERY_PROJECT", access.project)
    monkeypatch.setenv("MILLRACE_BIGQUERY_PREFIX", "team_")
    with open_store("bigquery") as store:
        assert store.name("fct_things") == f"`{access.project}.team_marts.fct_things`"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("features_test.nothing", r"features_test\.nothing: not found"),
        ("features_test.seen", r"features_test\.seen is of the type VIEW, and only a table's own rows can be streamed"),
    ],
    ids=["missing", "view"],
)
def test_what_is_no_table_of_bigquery_is_refused_before_anything_is_learned(
    access: Access, table: str, said: str
) -> None:
    access.rest.create_dataset(f"{access.project}.features_test", exists_ok=True)
    access.rest.query(
        f"CREATE OR REPLACE VIEW `{access.project}.features_test.seen` AS SELECT 1 AS id, 2.0 AS cost, 'a' AS level"
    ).result()
    with pytest.raises(DeclarationError, match=said):
        fit(BigQueryStore(access), table, WISHES)


def test_without_the_right_to_a_table_of_bigquery_the_error_names_what_to_ask_for(access: Access) -> None:
    said = b'{"error": {"code": 403, "message": "Access Denied", "errors": [{"reason": "accessDenied"}]}}'
    with sending(http("403 Forbidden", said, "Content-Type: application/json")) as url:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BIGQUERY_EMULATOR_HOST", url)
            refused = Access(access.project, bigquery.Client(access.project, access.rest._credentials), access.storage)
        with pytest.raises(AccessRefused, match=r"Access Denied\S*; ask for roles/bigquery"):
            fit(BigQueryStore(refused), TABLE, WISHES)


def test_what_bigquery_is_asked_passes_its_own_analyzer(access: Access, rows: pa.Table) -> None:
    """The emulator runs much that BigQuery refuses."""
    put("bigquery", access, TABLE, rows)
    asked: list[str] = []

    class Listened(BigQueryStore):
        def query(self, sql: str) -> list[tuple[object, ...]]:
            asked.append(sql)
            return super().query(sql)

    store = Listened(access)
    by_hash = fit(store, TABLE, replace(WISHES, limit=15_000))
    by_time = fit(store, TABLE, Wishes("cost", "day", drop_columns=["station", "id"]))
    full_name = f"{access.project}.{TABLE}"
    made = [features_sql(learned, store.name(TABLE), store.dialect) for learned in (by_hash, by_time)]
    columns = {field.name: TYPES[field.field_type] for field in access.rest.get_table(full_name).schema}
    statements: list[Statement] = [
        {"name": f"{number}: {sql}", "creates": None, "sql": sql} for number, sql in enumerate([*asked, *made])
    ]
    assert len(asked) >= 10
    assert analyse({full_name: columns}, statements) == []
