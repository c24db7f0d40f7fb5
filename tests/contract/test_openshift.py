"""Hourly reports of clusters: which manifest has a day, what is refused, and that nothing is lost on the way."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from loaders.errors import DeclarationError, SourceChanged, SourceUnavailable
from loaders.files import find_files
from loaders.load import Job
from loaders.progress import show_files
from loaders.recognise import recognise
from loaders.sources.openshift import days
from loaders.sources.openshift.planner import plan
from loaders.sources.openshift.report import read
from tests.loads import ledger, look
from tests.openshift import OPENSHIFT, load, settings
from tests.sandbox.openshift import Fleet, write
from tests.sandbox.openshift.clusters import SOURCES
from tests.warehouses import Digest, Target, digest

FLEET = Fleet(rows=2_000, days=2)  # 42 pods; the last hours of the second day are missing
POD_USAGE = OPENSHIFT.dataset("pod_usage")
PODS = "openshift__pod_usage"
ROUTES = {"hourly": ("pod_usage",), "daily": ("pod_usage_daily",)}
Change = Callable[[pa.Table], pa.Table]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("parquet")
    write(FLEET, root)
    return root


@pytest.fixture
def copied(reports: Path, tmp_path: Path) -> Path:
    """The reports, to be changed."""
    return shutil.copytree(reports, tmp_path / "reports")


def file(root: Path, report: str = "pod_usage", day: str = "2025-10-01", source: str = SOURCES[0]) -> Path:
    [found] = root.glob(f"OCP/{report}/source={source}/*/*/{report}.{day}.*.parquet")
    return found


def rewrite(path: Path, change: Change, to: Path | None = None, row_group_size: int | None = None) -> None:
    pq.write_table(change(pq.read_table(path, partitioning=None)), to or path, row_group_size=row_group_size)


def manifest(path: Path, number: int, change: Change, chunk: str = "0_0") -> Path:
    """The same report of the same day, sent again under another number."""
    to = path.with_name(f"{path.name.split('.')[0]}.{path.name.split('.')[1]}.{number}.{chunk}.parquet")
    rewrite(path, change, to)
    return to


def alone(reports: Path, root: Path, changes: dict[str, Change]) -> None:
    """One pod report of a day, changed in each way, as that of a cluster of its own."""
    path = file(reports)
    for source, change in changes.items():
        (root / f"source={source}").mkdir()
        rewrite(path, change, root / f"source={source}" / path.name)


def hours(first: int, until: int) -> Change:
    def change(table: pa.Table) -> pa.Table:
        hour = pc.hour(table.column("interval_start"))
        return table.filter(pc.and_(pc.greater_equal(hour, first), pc.less(hour, until)))

    return change


def replaced(column: str, row: int, value: Any) -> Change:
    def change(table: pa.Table) -> pa.Table:
        values = table.column(column).to_pylist()
        values[row] = value
        index = table.schema.get_field_index(column)
        return table.set_column(index, column, pa.array(values, table.schema.field(column).type))

    return change


def held(target: Target, dataset: str = "pod_usage", leaving_out: tuple[str, ...] = ()) -> Digest:
    """What a table holds, wherever it came from."""
    fields = [field.name for field in OPENSHIFT.dataset(dataset).fields if field.name not in leaving_out]
    return digest(target.rows(f"openshift__{dataset}", fields))


def pods_in(target: Target, where: str = "TRUE") -> int:
    return int(target.query(f"SELECT COUNT(*) FROM raw.{PODS} WHERE {where}")[0][0])


# --- one table, whatever it is made of -------------------------------------------------------------------------------


def test_the_operator_s_payloads_make_the_same_tables_as_parquet(
    duckdb_file: Target, reports: Path, tmp_path: Path
) -> None:
    assert load(duckdb_file, reports).errors == []
    other = duckdb_file.copy("payloads")
    write(FLEET, tmp_path / "payloads", as_csv=True)
    outcome = load(other, tmp_path / "payloads", force=True)
    assert (outcome.errors, outcome.rows_quarantined) == ([], 0)
    for dataset in ("storage_usage", "node_labels", "namespace_labels", "pod_usage"):
        # The text of a label is written otherwise; what it says is compared below, by the marts and right here.
        labels = tuple(field.name for field in OPENSHIFT.dataset(dataset).fields if field.type == "json")
        assert held(other, dataset, (*labels, "row_hash", "occurrence")) == held(
            duckdb_file, dataset, (*labels, "row_hash", "occurrence")
        )
        for label in labels:
            texts = f"SELECT DISTINCT {label} FROM raw.openshift__{dataset}"
            said = [
                {json.dumps(json.loads(t), sort_keys=True) for (t,) in w.query(texts)} for w in (other, duckdb_file)
            ]
            assert said[0] == said[1]


def test_rows_read_a_few_at_a_time_are_those_of_the_whole_file(duckdb_file: Target, reports: Path) -> None:
    path = file(reports)
    whole = pq.read_table(path, partitioning=None)
    with settings(MILLRACE_OPENSHIFT_BATCH_ROWS="7"), path.open("rb") as opened:
        batches = list(read(opened, POD_USAGE, path.name))
    assert max(batch.num_rows for batch in batches) == 7
    streamed = pa.Table.from_batches(batches)
    for column in streamed.schema.names:
        assert (
            streamed.column(column).to_pylist()
            == whole.column(column).cast(streamed.schema.field(column).type).to_pylist()
        )
    with settings(MILLRACE_OPENSHIFT_BATCH_ROWS="100"):
        load(duckdb_file, reports, "pod_usage")
    few = held(duckdb_file)
    load(duckdb_file, reports, "pod_usage", force=True)
    assert held(duckdb_file) == few
    assert few.rows == FLEET.rows


@pytest.mark.parametrize("fault", [None, 1.1e18, float("nan"), float("-inf")])
def test_a_day_of_files_on_this_disk_is_that_of_the_same_files_in_an_archive(
    reports: Path, tmp_path: Path, fault: float | None
) -> None:
    """DuckDB reads the first by their paths, and the others are copied to it. Both parts have rows of every hour."""
    day = tmp_path / "day"
    day.mkdir()

    def change(table: pa.Table) -> pa.Table:
        for row, (column, value) in enumerate(
            [("node", None), ("pod_labels", ""), ("pod_labels", None), ("pod_usage_cpu_core_seconds", fault)]
        ):
            table = replaced(column, row, value)(table)
        return table

    whole = change(pq.read_table(file(reports), partitioning=None))
    half = whole.num_rows // 2
    order = pc.sort_indices(whole, [("pod", "ascending")])
    pq.write_table(whole.take(order[:half]), day / "a.parquet")
    pq.write_table(whole.take(order[half:]).drop_columns(["node_role"]), day / "b.parquet")
    with zipfile.ZipFile(tmp_path / "day.zip", "w") as archive:
        for part in sorted(day.iterdir()):
            archive.write(part, part.name)
    found = []
    for place in (day, tmp_path / "day.zip"):
        batches = list(days.read(find_files(str(place)), OPENSHIFT.dataset("pod_usage_daily")))
        rows = [tuple(sorted(row.items())) for batch in batches for row in batch.to_pylist()]
        found.append(sorted(map(repr, rows)))
    assert found[0] == found[1]
    assert len(found[0]) > 21


def test_on_the_daily_route_a_text_of_labels_is_kept_once_a_day_with_its_last_hour(
    duckdb_file: Target, copied: Path
) -> None:
    path = file(copied, "node_labels")
    node = pq.read_table(path, partitioning=None).column("node")[0].as_py()
    rewrite(path, replaced("node_labels", 0, '{"app": "earlier"}'))
    with settings(MILLRACE_OPENSHIFT_ROUTE="daily"):
        assert load(duckdb_file, copied, "node_labels").errors == []
    kept = duckdb_file.query(
        "SELECT node_labels LIKE '%earlier%', hour(interval_start_at AT TIME ZONE 'UTC') "
        "FROM raw.openshift__node_labels "
        f"WHERE node = '{node}' AND source_uuid = '{SOURCES[0]}' AND interval_start_at < '2025-10-02 00:00:00+00'"
    )
    assert sorted(kept) == [(False, 23), (True, 0)]


def test_what_is_loaded_is_not_read_again_and_clusters_with_the_same_names_stay_apart(
    duckdb_file: Target, reports: Path
) -> None:
    first = load(duckdb_file, reports)
    assert (first.windows_loaded, first.errors) == (16, [])
    status = look(duckdb_file, "status", "--source", "openshift")[1]
    assert {int(number) for number in re.findall(r"│ +\d+ │ +0 │ +(\d+) │", status)} == {0}  # missing: no day of any
    again = load(duckdb_file, reports)
    assert (again.windows_loaded, again.windows_done_before) == (0, 16)
    names = f"SELECT namespace FROM raw.{PODS} GROUP BY 1 HAVING COUNT(DISTINCT source_uuid) = 2"
    assert duckdb_file.query(names) != []
    # A day of one cluster that is sent again replaces nothing of the other.
    before = pods_in(duckdb_file, f"source_uuid = '{SOURCES[1]}'")
    shutil.copy(file(reports), moved := file(reports).with_name("pod_usage.2025-10-01.1002.0_0.parquet"))
    try:
        load(duckdb_file, reports, "pod_usage")
    finally:
        moved.unlink()
    assert pods_in(duckdb_file, f"source_uuid = '{SOURCES[1]}'") == before
    assert pods_in(duckdb_file) == FLEET.rows


# --- which manifest has a day ----------------------------------------------------------------------------------------


def files_of(target: Target, day: str = "2025-10-01", source: str = SOURCES[0]) -> str:
    entries = [entry for entry in ledger(target, "pod_usage") if entry["window_label"] == f"{day} {source}"]
    return str(entries[-1]["request"])


def test_the_manifest_with_more_hours_has_the_day_and_leaves_nothing_of_the_other(
    duckdb_file: Target, copied: Path
) -> None:
    path = file(copied)
    partial = manifest(path, 999, hours(0, 6))
    path.rename(late := path.with_suffix(".later"))  # no parquet to us while it is named so
    late.rename(copied.parent / "late")
    load(duckdb_file, copied, "pod_usage")
    assert ".999." in files_of(duckdb_file)
    six_hours = pods_in(duckdb_file, f"source_uuid = '{SOURCES[0]}' AND interval_start_at < '2025-10-02 00:00:00+00'")
    (copied.parent / "late").rename(path)
    manifest(path, 5000, hours(0, 12))  # a higher number, and fewer hours
    load(duckdb_file, copied, "pod_usage")
    assert ".1001." in files_of(duckdb_file)
    day = f"source_uuid = '{SOURCES[0]}' AND interval_start_at < '2025-10-02 00:00:00+00'"
    assert pods_in(duckdb_file, day) == 4 * six_hours == pq.read_metadata(path).num_rows
    assert partial.exists()


def test_numbers_of_manifests_are_numbers(duckdb_file: Target, copied: Path) -> None:
    path = file(copied)
    manifest(path, 999, replaced("pod", 0, "older"))
    manifest(path, 10_000, replaced("pod", 0, "newer"))
    load(duckdb_file, copied, "pod_usage")
    assert ".10000." in files_of(duckdb_file)  # as text, 999 would be the last
    assert pods_in(duckdb_file, "pod = 'newer'") == 1
    assert pods_in(duckdb_file, "pod IN ('older', 'app-0-0') AND interval_start_at = '2025-10-01 00:00:00+00'") == 0


def test_a_payload_was_sent_at_the_instant_of_its_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In UTC where it names no zone, whatever the clock of this machine says."""
    keys = {field.key: field.type for field in POD_USAGE.published}
    row = ",".join("2025-10-01 00:00:00 +0000 UTC" if kind == "timestamp" else "" for kind in keys.values())
    report = f"{','.join(keys)}\n{row}\n".encode()

    def planned(**sent: str) -> list[str]:
        for name, text in sent.items():
            payload(tmp_path / f"{name}.tar.gz", {"cluster_id": "c", "date": text}, report)
        found = recognise(OPENSHIFT, find_files(str(tmp_path))).by_dataset["pod_usage"]
        windows = plan(POD_USAGE, found, ZoneInfo("UTC"), date(2025, 1, 1), date(2026, 1, 1), datetime.now(UTC))
        return [one.name.split("/")[0] for window in windows for one in window.files]

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert planned(first="2025-10-02T03:00:00", second="2025-10-02T03:00:01Z") == ["second.tar.gz"]
    finally:
        monkeypatch.undo()
        time.tzset()
    with pytest.raises(SourceChanged, match=r"second.tar.gz/pods.csv: the manifest.json .* has the date 'yester"):
        planned(second="yesterday")


def payload(path: Path, about: dict[str, str], report: bytes) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("manifest.json", json.dumps(about).encode()), ("pods.csv", report)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_the_parts_of_a_manifest_are_loaded_together(duckdb_file: Target, copied: Path) -> None:
    path = file(copied)
    rows = pq.read_metadata(path).num_rows
    manifest(path, 1001, hours(12, 24), chunk="1_0")
    rewrite(path, hours(0, 12))
    load(duckdb_file, copied, "pod_usage")
    day = f"source_uuid = '{SOURCES[0]}' AND interval_start_at < '2025-10-02 00:00:00+00'"
    assert pods_in(duckdb_file, day) == rows
    assert files_of(duckdb_file).count("\n") == 1


def test_the_capacity_of_a_node_s_day_is_of_all_the_parts_together(duckdb_file: Target, copied: Path) -> None:
    """An hour has its maximum over both parts: neither the larger of two sums nor the sum over both."""

    def lower(first: int, until: int) -> Change:
        def change(table: pa.Table) -> pa.Table:
            hour = pc.hour(table.column("interval_start"))
            inside = pc.and_(pc.greater_equal(hour, first), pc.less(hour, until))
            for column in days.CAPACITIES:
                values = table.column(column)
                index = table.schema.get_field_index(column)
                table = table.set_column(index, column, pc.if_else(inside, pc.divide(values, 2), values))
            return table

        return change

    path = file(copied)
    capacity = pq.read_table(path, partitioning=None).column(days.CAPACITIES[0])[0].as_py()
    manifest(path, 1001, lower(0, 18), chunk="1_0")
    rewrite(path, lower(12, 24))  # whole until noon here, and from 18:00 there
    with settings(MILLRACE_OPENSHIFT_ROUTE="daily"):
        assert load(duckdb_file, copied, "pod_usage_daily").errors == []
    found = duckdb_file.query(
        f"SELECT DISTINCT node_hours, {days.CAPACITIES[0]} FROM raw.openshift__pod_usage_daily "
        f"WHERE source_uuid = '{SOURCES[0]}' AND interval_start_at < '2025-10-02 00:00:00+00'"
    )
    assert found == [(24, 12 * capacity + 6 * capacity / 2 + 6 * capacity)]


# --- rows that are rejected ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
def test_a_number_that_no_machine_counted_rejects_its_row_on_both_routes(
    duckdb_file: Target, reports: Path, tmp_path: Path, route: str
) -> None:
    def change(table: pa.Table) -> pa.Table:
        for row, value in enumerate((1.1e18, float("nan"), float("inf"), float("-inf")), start=3):
            table = replaced("pod_usage_memory_byte_seconds", row, value)(table)
        return table

    path = file(reports)
    alone(reports, tmp_path, {"broken": change})
    with settings(MILLRACE_OPENSHIFT_ROUTE=route):
        outcome = load(duckdb_file, tmp_path, *ROUTES[route])
    assert (outcome.errors, outcome.rows_quarantined) == ([], 4)
    rejected = duckdb_file.query(f"SELECT reason, raw_record FROM raw.openshift__{ROUTES[route][0]}__rejects")
    assert {reason for reason, _ in rejected} == {"pod_usage_memory_byte_seconds: not a number up to 1e+18"}
    pods = pq.read_table(path, partitioning=None).column("pod").slice(3, 4).to_pylist()
    assert [json.loads(raw)["pod"] for _, raw in rejected] == pods
    for entry in ledger(duckdb_file):
        assert entry["rows_read"] == entry["rows_loaded"] + entry["rows_quarantined"]


def test_the_largest_number_is_one_and_null_and_nan_are_names(duckdb_file: Target, copied: Path) -> None:
    def change(table: pa.Table) -> pa.Table:
        for row, name in enumerate(("null", "nan", "NA", "")):
            table = replaced("namespace", row, name)(table)
        return replaced("pod_limit_memory_byte_seconds", 5, 1e18)(replaced("node", 4, None)(table))

    rewrite(file(copied), change)
    outcome = load(duckdb_file, copied, "pod_usage")
    assert (outcome.errors, outcome.rows_quarantined) == ([], 0)
    found = dict(
        duckdb_file.query(
            f"SELECT namespace, COUNT(*) FROM raw.{PODS} WHERE namespace IN ('null', 'nan', 'NA', '') GROUP BY 1"
        )
    )
    assert found == {"null": 1, "nan": 1, "NA": 1, "": 1}
    assert pods_in(duckdb_file, "node = ''") == 1


def test_labels_and_numbers_of_csv_are_what_koku_makes_of_them(duckdb_file: Target, tmp_path: Path) -> None:
    folder = tmp_path / f"source={SOURCES[0]}"
    folder.mkdir()
    names = [key for key in (f.key for f in POD_USAGE.published) if key != "node_role"]  # an older operator's
    numbers = [field.key for field in POD_USAGE.published if field.type == "double"]
    labels = {
        "plain": "label_app:web|label_env:prod",
        "repeated": "label_app:first|label_app:last",
        "no-colon": "label_app:web|label_broken|label_url:http://x",  # neither has exactly one colon
        "inside": "label_my_label_app:web",  # every `label_` goes
        "none": "",
        "umlaut": "label_app:Bäcker",
    }
    rows = []
    for pod, text in labels.items():
        row = {"interval_start": "2025-10-01 05:00:00 +0000 UTC", "namespace": "null", "pod": pod, "node": "n"}
        row |= dict.fromkeys(numbers, "1.5") | {
            "pod_usage_cpu_core_seconds": "",
            "pod_labels": text,
            "resource_id": "i",
        }
        rows.append(",".join(row[name] for name in names))
    rows.append(rows[0].replace("plain", "not-a-number").replace("1.5", "many", 1))
    content = "\n".join([",".join(names), *rows, ""])
    (folder / "October-2025-cluster-ocp_pod_usage.csv").write_text(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(POD_USAGE.__dict__, "max_reject_share", 0.5)
        outcome = load(duckdb_file, tmp_path, "pod_usage")
    assert (outcome.errors, outcome.rows_loaded, outcome.rows_quarantined) == ([], 6, 1)
    found = dict(duckdb_file.query(f"SELECT pod, pod_labels FROM raw.{PODS}"))
    assert {pod: json.loads(text) for pod, text in found.items()} == {
        "plain": {"app": "web", "env": "prod"},
        "repeated": {"app": "last"},
        "no-colon": {"app": "web"},
        "inside": {"my_app": "web"},
        "none": {},
        "umlaut": {"app": "Bäcker"},
    }
    assert "\\u00e4" in found["umlaut"]
    assert duckdb_file.query(f"SELECT DISTINCT namespace, pod_usage_cpu_core_seconds, node_role FROM raw.{PODS}") == [
        ("null", 0.0, None)
    ]


# --- reports that are refused ----------------------------------------------------------------------------------------


def dropped(*names: str) -> Change:
    return lambda table: table.drop_columns(list(names))


def renamed(old: str, new: str) -> Change:
    return lambda table: table.rename_columns([new if name == old else name for name in table.schema.names])


REFUSED = {
    "missing": (dropped("pod_usage_cpu_core_seconds"), "has no column pod_usage_cpu_core_seconds"),
    "renamed": (
        renamed("node_capacity_cpu_cores", "node_cores"),
        "has no column node_capacity_cpu_cores and has node_cores, which nobody declared",
    ),
    "cut-labels": (replaced("pod_labels", 0, '{"app": 1'), "is no JSON object of labels"),
    "nested-labels": (replaced("pod_labels", 0, '{"app": {"nested": "x"}}'), "is no JSON object of labels"),
    "another-day": (replaced("interval_start", 0, datetime(2025, 10, 2)), "row outside the window"),  # noqa: DTZ001 as published
}


@pytest.mark.parametrize("route", ROUTES)
def test_a_report_that_is_not_the_declared_one_is_refused_by_name_and_the_others_are_loaded(
    duckdb_file: Target, reports: Path, tmp_path: Path, route: str
) -> None:
    """Each of a cluster of its own, beside one that is as declared."""
    alone(reports, tmp_path, {"good": lambda table: table} | {name: change for name, (change, _) in REFUSED.items()})
    pods = ROUTES[route][0]
    with settings(MILLRACE_OPENSHIFT_ROUTE=route):
        outcome = load(duckdb_file, tmp_path, pods)
    assert (len(outcome.errors), outcome.exit_code) == (len(REFUSED), 2)
    for name, (_, message) in REFUSED.items():
        [said] = [error for error in outcome.errors if f"2025-10-01 {name}:" in error]
        assert message in said
    assert duckdb_file.query(f"SELECT DISTINCT source_uuid FROM raw.openshift__{pods}") == [("good",)]


def test_a_row_group_that_cannot_be_read_fails_its_day_and_keeps_the_old_one(duckdb_file: Target, copied: Path) -> None:
    load(duckdb_file, copied, "pod_usage")
    before = held(duckdb_file)
    path = file(copied)
    rewrite(path, lambda table: table, row_group_size=100)
    place = pq.read_metadata(path).row_group(3).column(8)
    content = bytearray(path.read_bytes())
    start = place.dictionary_page_offset or place.data_page_offset
    content[start : start + place.total_compressed_size] = b"\xff" * place.total_compressed_size
    path.write_bytes(content)
    outcome = load(duckdb_file, copied, "pod_usage")
    assert len(outcome.errors) == 1
    assert "row group 4 of" in outcome.errors[0]
    assert "copy the file again" in outcome.errors[0]
    assert held(duckdb_file) == before


def test_a_month_without_its_zero_is_refused(duckdb_file: Target, copied: Path) -> None:
    folder = copied / "OCP" / "pod_usage" / f"source={SOURCES[0]}" / "year=2025"
    shutil.copytree(folder / "month=10", folder / "month=1")
    with pytest.raises(SourceChanged, match=r"month=1/.*two digits.*count twice"):
        load(duckdb_file, copied, "pod_usage")
    assert not duckdb_file.has(PODS)


def test_an_unknown_report_is_left_alone_and_named(duckdb_file: Target, copied: Path) -> None:
    vm = copied / "OCP" / "vm_usage" / f"source={SOURCES[0]}" / "vm_usage.2025-10-01.1001.0_0.parquet"
    vm.parent.mkdir(parents=True)
    pq.write_table(pa.table({"interval_start": [datetime(2025, 10, 1, tzinfo=UTC)], "vm_name": ["a"]}), vm)
    found = recognise(OPENSHIFT, find_files(str(copied)))
    assert [Path(left.name).name for left in found.unknown] == [vm.name]
    assert load(duckdb_file, copied, "pod_usage").errors == []


def test_the_plan_shows_the_files_of_a_dataset_that_is_made_of_another_s(reports: Path) -> None:
    found = recognise(OPENSHIFT, find_files(str(reports)))
    console = Console(file=io.StringIO(), width=200)
    show_files(console, [Job(dataset, (), (), {}) for dataset in OPENSHIFT.datasets.values()], found)
    assert isinstance(console.file, io.StringIO)
    shown = dict(line.split()[1:4:2] for line in console.file.getvalue().splitlines() if "openshift." in line)
    assert shown["openshift.pod_usage_daily"] == shown["openshift.pod_usage"] == str(len(found.by_dataset["pod_usage"]))


def test_a_file_of_nobody_s_cluster_is_refused(duckdb_file: Target, copied: Path, tmp_path: Path) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    shutil.copy(file(copied), loose)
    with pytest.raises(SourceChanged, match="nothing says which cluster it is of; put it into a folder source=<uuid>"):
        load(duckdb_file, loose)


def test_a_column_that_holds_another_kind_of_thing_is_named(reports: Path) -> None:
    whole, buffer = pq.read_table(file(reports), partitioning=None), io.BytesIO()
    lists = pa.array([[text] for text in whole.column("node").to_pylist()])
    pq.write_table(whole.set_column(whole.schema.get_field_index("node"), "node", lists), buffer)
    buffer.seek(0)
    with pytest.raises(SourceChanged, match=r"the report: node is of the type list<.*, of which no string can be made"):
        list(read(buffer, POD_USAGE, "the report"))


def test_damaged_text_is_seen_before_it_reaches_a_warehouse(reports: Path) -> None:
    buffer = io.BytesIO()
    pq.write_table(pq.read_table(file(reports), partitioning=None), buffer, compression="none")
    damaged = buffer.getvalue().replace(b"app-0-0", b"app\xff0-0")
    with pytest.raises(SourceUnavailable, match=r"the report: row group 1 of 1 cannot be read .*UTF8.*copy the file"):
        list(read(io.BytesIO(damaged), POD_USAGE, "the report"))


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("ROUTE", "weekly", "route is 'weekly'; write hourly or daily"),
        ("BATCH_ROWS", "many", "batch_rows is 'many'; write a number from 1 to 50,000"),
        ("BATCH_ROWS", "0", "batch_rows is '0'; write a number from 1 to 50,000"),
    ],
)
def test_a_setting_that_is_none_is_said(reports: Path, setting: str, value: str, message: str) -> None:
    files = recognise(OPENSHIFT, find_files(str(reports))).by_dataset["pod_usage"]
    with settings(**{f"MILLRACE_OPENSHIFT_{setting}": value}), pytest.raises(DeclarationError, match=message):
        list(plan(POD_USAGE, files, ZoneInfo("UTC"), date(2025, 1, 1), date(2026, 1, 1), datetime.now(UTC)))
        with file(reports).open("rb") as opened:
            list(read(opened, POD_USAGE, "report"))
