"""What a table, a wish or a fit can have wrong with it, and what is said of it."""

from __future__ import annotations

import json
import re
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from loaders.errors import DeclarationError, LoaderError, SourceChanged
from loaders.features import Fit, HashSplit, TemporalSplit, Transformer, prepare_data
from loaders.features.commands import fit_table, transform_table
from loaders.features.fit import Wishes
from tests.conftest import MakeTarget
from tests.features.conftest import TABLE, put
from tests.features.observations import observations
from tests.loads import run_cli
from tests.warehouses import DuckDBTarget

PLAIN = {"target_column": "y", "index_col": "id"}


@pytest.fixture
def small(make_target: MakeTarget, monkeypatch: pytest.MonkeyPatch) -> DuckDBTarget:
    """An empty DuckDB file, as the warehouse that is used without being named."""
    target = make_target("duckdb")
    assert isinstance(target, DuckDBTarget)
    for name, value in target.settings.items():
        monkeypatch.setenv(name, value)
    return target


def a_table(target: DuckDBTarget, name: str = "t", rows: int = 200, **columns: list[object] | pa.Array) -> str:
    """A table with `id`, `y`, `x` and these columns."""
    numbers = list(range(rows))
    put("duckdb", target, f"s.{name}", pa.table({"id": numbers, "y": numbers, "x": numbers, **columns}))
    return f"s.{name}"


@pytest.mark.parametrize(
    ("table", "wishes", "said"),
    [
        ("s.nothing", {}, r"no table s\.nothing in .*\.duckdb"),
        ("s.t", {"target_column": "z"}, r"s\.t has no column 'z'; did you mean"),
        ("s.t", {"index_col": "idd"}, r"has no column 'idd'; did you mean id\?"),
        ("s.t", {"drop_columns": ["nope"]}, r"has no column 'nope'"),
        (
            "s.t",
            {"force_categorical_columns": ["real"], "drop_columns": ["list"]},
            r"real is real, whose text differs between warehouses",
        ),
        ("s.t", {"target_column": "id"}, r"'id' is both the target and the index"),
        ("s.t", {"target_column": "list"}, r"list is list<.*>; the target and the index have to be single"),
        ("s.t", {"index_col": "real", "drop_columns": ["list"]}, r"index_col real is real, .*cannot be hashed"),
        ("s.t", {}, r"no feature can be made of list \(list<.*>\); name them in drop_columns"),
        (
            "s.t",
            {"drop_columns": ["list", "x", "real", "empty", "day", "place", "until"]},
            r"no column is left to make features of",
        ),
        ("s.t", {"drop_columns": ["list"], "target_column": "empty"}, r"target empty is null in every training row"),
        ("s.t", {"drop_columns": ["list"], "index_col": "day"}, r"day is null in 1 rows, so they belong to no split"),
        (
            "s.t",
            {"drop_columns": ["list"], "split": TemporalSplit(val_from=date(2024, 1, 1), test_from=date(2024, 2, 1))},
            r"index_col id is integer; a temporal split needs a date",
        ),
        ("s.t", {"drop_columns": ["list"], "index_col": "day", "split": HashSplit(), "limit": 0}, r"null in 1 rows"),
        ("a.b.c", {}, r"'a\.b\.c' is no table; write schema\.table"),
        ("s.t", {"drop_columns": ["list", "y"]}, r"'y' is named as target_column and as drop_columns"),
        (
            "s.t",
            {"drop_columns": ["list"], "force_categorical_columns": ["id"]},
            r"'id' is named as index_col and as force_categorical_columns",
        ),
        (
            "s.t",
            {"drop_columns": ["list"], "force_categorical_columns": ["place"]},
            r"place is a struct; .*name one of its fields, place_city",
        ),
        ("s.t", {"drop_columns": ["list"], "time_zone": "Europe/Lodnon"}, r"no time zone 'Europe/Lodnon'"),
        ("s.t", {"drop_columns": ["list"], "index_col": "until"}, r"until ends with 9999-12-31, .*give `split`"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wish_that_cannot_be_met_is_answered_with_what_to_write(
    small: DuckDBTarget, tmp_path: Path, table: str, wishes: dict[str, object], said: str
) -> None:
    days = [None, *(date(2024, 1, 1 + row % 9) for row in range(199))]
    a_table(
        small,
        real=[row / 3 for row in range(200)],
        list=[[1]] * 200,
        empty=pa.nulls(200, pa.float64()),
        day=pa.array(days, pa.date32()),
        place=[{"city": "Bath"}] * 200,
        until=pa.array([date(9999, 12, 31) if row > 99 else date(2024, 1, 1 + row % 9) for row in range(200)]),
    )
    with pytest.raises(DeclarationError, match=said):
        prepare_data(table, folder=tmp_path / "out", **{**PLAIN, **wishes})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"fuel": ["a b", "a_b"] * 100}, r"'a.b' of fuel and 'a.b' of fuel would both be the feature 'fuel_a_b'"),
        ({"fuel": ["gas"] * 200, "fuel_GAS": [1.0] * 200}, r"would both be the feature 'fuel_gas'"),
        ({"split": [1.0] * 200}, r"the split itself and column split would both be the feature 'split'"),
    ],
    ids=["two values", "a value and a column", "the split"],
)
def test_two_features_of_one_name_are_refused(
    small: DuckDBTarget, tmp_path: Path, columns: dict[str, list[object]], said: str
) -> None:
    with pytest.raises(DeclarationError, match=said):
        prepare_data(a_table(small, **columns), folder=tmp_path / "out", **PLAIN)


def test_a_table_without_rows_is_refused(small: DuckDBTarget, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="the table has no rows"):
        prepare_data(a_table(small, rows=0), folder=tmp_path / "out", **PLAIN)


def test_a_split_without_training_rows_is_refused(small: DuckDBTarget, tmp_path: Path) -> None:
    table = a_table(small, day=pa.array([date(2024, 1, 1)] * 200, pa.date32()))
    early = TemporalSplit(val_from=date(2023, 1, 1), test_from=date(2023, 2, 1))
    with pytest.raises(DeclarationError, match="200 rows, none of them for training; give another split"):
        prepare_data(table, "y", index_col="day", folder=tmp_path / "out", split=early)
    with pytest.raises(DeclarationError, match="day has 1 days, too few for a split by time"):
        prepare_data(table, "y", index_col="day", folder=tmp_path / "out")


def test_an_all_null_column_is_dropped_and_the_share_is_of_the_training_rows_alone(
    small: DuckDBTarget, tmp_path: Path
) -> None:
    day = pa.array([date(2024, 1, 1 + row // 100) for row in range(1_000)], pa.date32())
    half = [1.0 if row < 800 and row % 2 else None for row in range(1_000)]  # 0.5 in training, 0.6 in all
    table = a_table(small, rows=1_000, day=day, half=half, nothing=pa.nulls(1_000, pa.float64()))
    wishes = {"index_col": "day", "target_column": "y", "drop_columns": ["id"]}
    at = prepare_data(table, folder=tmp_path / "at", high_null_threshold=0.5, **wishes)
    above = prepare_data(table, folder=tmp_path / "above", high_null_threshold=0.4999, **wishes)
    assert "half" in at.features
    assert at.fit.dropped == {"nothing": "no value in the training rows", "id": "as asked"}
    assert above.fit.dropped["half"] == "0.5000 of the training rows are null"


def test_an_unseen_category_is_all_zeros_or_other(small: DuckDBTarget, tmp_path: Path) -> None:
    day = pa.array([date(2024, 1, 1 + row // 20) for row in range(200)], pa.date32())
    fuel = ["gas", "wind"] * 80 + ["tidal", None] * 20  # the last days are not trained on
    table = a_table(small, day=day, fuel=fuel)
    for other in (False, True):
        prepared = prepare_data(table, "y", index_col="day", folder=tmp_path / f"{other}", other=other)
        found = [row for split in ("val", "test") for batch in prepared.batches(split) for row in batch.to_pylist()]
        assert {row["fuel_gas"] + row["fuel_wind"] for row in found} == {0}
        if other:
            assert [row["fuel__other"] for row in found] == [1, 0] * 20


def test_a_field_and_a_column_of_one_name_do_not_go_together(small: DuckDBTarget, tmp_path: Path) -> None:
    """Both would be known as `a_b`: what is learned of one would be said of the other."""
    nothing = pa.array([{"b": None}] * 200, pa.struct([("b", pa.float64())]))
    table = a_table(small, a_b=[float(row) for row in range(200)], a=nothing)
    with pytest.raises(DeclarationError, match=r"a_b and a\.b would both be 'a_b'; name the struct a in drop_columns"):
        prepare_data(table, folder=tmp_path / "out", **PLAIN)
    kept = prepare_data(table, "a_b", index_col="id", drop_columns=["a"], folder=tmp_path / "out")
    assert [batch["a_b"][0].as_py() for batch in kept.batches("val")] != [None]


def test_the_table_that_is_read_is_not_replaced(small: DuckDBTarget, tmp_path: Path) -> None:
    table = a_table(small)
    prepare_data(table, folder=tmp_path / "out", **PLAIN)
    for into in ("s.t", "S.T"):
        with pytest.raises(DeclarationError, match=r"is the table that is read; its rows would be lost"):
            transform_table(Console(), table, tmp_path / "out" / "_fit.json", None, into)
    with duckdb.connect(small.path) as connection:
        assert connection.execute("SELECT * FROM s.t").fetchall()[7] == (7, 7, 7)


def test_rows_without_a_key_are_refused_both_ways(small: DuckDBTarget, tmp_path: Path) -> None:
    table = a_table(small)
    prepare_data(table, folder=tmp_path / "out", **PLAIN)
    with duckdb.connect(small.path) as connection:
        connection.execute("UPDATE s.t SET id = NULL WHERE id < 9")
    for out, into in ((tmp_path / "new", None), (None, "s.features")):
        with pytest.raises(SourceChanged, match=r"s\.t: id is null in 9 rows"):
            transform_table(Console(), table, tmp_path / "out" / "_fit.json", out, into)


def test_a_changed_schema_is_noticed_before_a_row_is_read(small: DuckDBTarget, tmp_path: Path) -> None:
    table = a_table(small, fuel=["gas"] * 200)
    prepare_data(table, folder=tmp_path / "out", **PLAIN)
    fit = tmp_path / "out" / "_fit.json"
    a_table(small, fuel=["gas"] * 200, unknown=[1] * 200)
    transform_table(Console(), table, fit, tmp_path / "added", None)  # nothing was learned of the new column
    with duckdb.connect(small.path) as connection:
        connection.execute("ALTER TABLE s.t ALTER x TYPE VARCHAR")
    with pytest.raises(SourceChanged, match=r"s\.t: x was integer when it was fitted and is text there; fit again"):
        transform_table(Console(), table, fit, tmp_path / "again", None)
    with duckdb.connect(small.path) as connection:
        connection.execute("ALTER TABLE s.t DROP fuel")
        connection.execute("ALTER TABLE s.t ALTER x TYPE BIGINT")
    with pytest.raises(SourceChanged, match="fuel was text when it was fitted and is not a single plain value there"):
        transform_table(Console(), table, fit, None, "s.features")


def test_a_batch_that_lacks_a_column_is_refused_where_it_is_served(small: DuckDBTarget, tmp_path: Path) -> None:
    prepared = prepare_data(a_table(small), folder=tmp_path / "out", **PLAIN)
    transformer = Transformer(Fit.read(tmp_path / "out" / "_fit.json"))
    with pytest.raises(SourceChanged, match="the fit knows a column x that is not in the rows"):
        transformer.transform(pa.record_batch({"id": [1], "y": [2]}))
    served = transformer.transform(pa.record_batch({"id": [7], "y": [7], "x": [7], "more": [1]})).to_pylist()
    stored = [row for batch in prepared.batches("train") for row in batch.to_pylist()]
    assert served[0] in stored or served[0]["id"] not in {row["id"] for row in stored}


def test_a_table_that_changes_meanwhile_leaves_the_earlier_files(
    small: DuckDBTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = a_table(small)
    before = prepare_data(table, folder=tmp_path / "out", **PLAIN).manifest
    from loaders.features import prepare

    learn = prepare.fit

    def learn_and_lose_rows(*arguments: object) -> Fit:
        learned = learn(*arguments)
        store = arguments[0]
        store._session.execute("DELETE FROM s.t WHERE id < 10")
        return learned

    monkeypatch.setattr(prepare, "fit", learn_and_lose_rows)
    with pytest.raises(SourceChanged, match=r"s\.t changed between fit and transformation"):
        prepare_data(table, folder=tmp_path / "out", **PLAIN)
    assert json.loads((tmp_path / "out" / "_manifest.json").read_text()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_is_not_ours_is_not_replaced(small: DuckDBTarget, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DeclarationError, match=r"is not empty and has no _manifest\.json: it is not ours to replace"):
        prepare_data(a_table(small), folder=tmp_path, **PLAIN)
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "no such file; `millrace features fit` writes it"), ("{}", "not a fit: table: Field required; fit again")],
)
def test_a_fit_that_is_none_is_an_error(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "fit.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(LoaderError, match=re.escape(said)):
        Fit.read(path)


def test_structs_are_taken_apart_and_can_be_dropped_whole(small: DuckDBTarget, tmp_path: Path) -> None:
    place = [{"city": "Köln", "height_m": float(row)} if row % 5 else None for row in range(200)]
    table = a_table(small, place=place, junk=[{"a": [1]}] * 200)
    prepared = prepare_data(table, folder=tmp_path / "out", drop_columns=["junk"], **PLAIN)
    assert prepared.features == ["x", "place_height_m", "place_city_K_ln"]


def test_the_commands_fit_and_transform_and_say_so(in_duckdb: Path, tmp_path: Path) -> None:
    settings = {"MILLRACE_DUCKDB": str(in_duckdb)}
    fit = ("--fit", str(tmp_path / "fit.json"))
    wishes = ("--target", "cost", "--index", "day", "--drop", "station", "--drop", "id", "--categorical", "level")
    fitted = run_cli("features", "fit", TABLE, *wishes, *fit, **settings)
    assert fitted.returncode == 0, fitted.stderr
    assert re.search(r"20,000 rows, 16,\d+ train, .* features of features_test\.observations into", fitted.stdout)
    assert "nothing is dropped: no value in the training rows" in fitted.stdout
    written = run_cli("features", "transform", TABLE, *fit, "--out", str(tmp_path / "out"), **settings)
    assert written.returncode == 0, written.stderr
    assert "20,000 rows, " in written.stdout
    manifest = json.loads((tmp_path / "out" / "_manifest.json").read_text())
    assert sum(manifest["rows"].values()) == observations().num_rows
    assert {file["path"].split("/")[0] for file in manifest["files"]} == {"split=train", "split=val", "split=test"}
    refused = run_cli("features", "fit", "observatons", *wishes, **settings)
    assert refused.returncode == 1
    assert re.fullmatch(r"DeclarationError: no table .* did you mean features_test\.observations\?\n", refused.stderr)


def test_a_command_that_says_too_little_is_answered_with_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"--out FOLDER, or --as-table schema\.table"):
        transform_table(Console(), "s.t", tmp_path / "fit.json", None, None)
    wishes = Wishes("y", "id")
    with pytest.raises(DeclarationError, match="--val-from and --test-from divide time together"):
        fit_table(Console(), "s.t", wishes, date(2024, 1, 1), None, tmp_path / "fit.json")
    with pytest.raises(DeclarationError, match="--val-from 2024-02-01 is after --test-from 2024-01-01"):
        fit_table(Console(), "s.t", wishes, date(2024, 2, 1), date(2024, 1, 1), tmp_path / "fit.json")


def test_the_same_features_have_the_same_hashes(in_duckdb: Path, tmp_path: Path) -> None:
    wishes = {"index_col": "id", "drop_columns": ["station", "fuel", "read_at", "day", "settled"], "limit": 2_000}
    one, two = (prepare_data(TABLE, "cost", folder=tmp_path / name, **wishes).manifest for name in "ab")
    assert one["files"] == two["files"]
    for file in one["files"]:
        path = tmp_path / "a" / file["path"]
        assert file["sha256"] == sha256(path.read_bytes()).hexdigest()
        assert (file["bytes"], file["rows"]) == (path.stat().st_size, pq.read_metadata(path).num_rows)
    assert one["fit_sha256"] == sha256((tmp_path / "a" / "_fit.json").read_bytes()).hexdigest()
