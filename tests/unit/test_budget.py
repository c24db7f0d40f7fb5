"""The memory that a load may take: who says so, what is too little, and sizes that shrink with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from loaders import budget as module
from loaders.budget import LARGEST_DIVISOR, ROOM, UNLIMITED, VARIABLE, Budget, budget, settle
from loaders.catalogue import read_catalogue
from loaders.destination import BigQuery, DuckDB, Postgres
from loaders.errors import DeclarationError
from loaders.parts import LARGEST_BATCH_ROWS, batch_rows
from tests.loads import ROOT, look, run_cli
from tests.sandbox import Sandbox
from tests.warehouses import DuckDBTarget, PostgresTarget, digest

PEAKS = {1: 300, 2: 200, 4: 100}


@pytest.fixture(autouse=True)
def _unsettled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "_settled", Budget())
    yield


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's /proc/self and its control groups, as folders."""
    for folder in ("proc", "cgroups"):
        (tmp_path / folder).mkdir()
    return tmp_path


def put(machine: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (machine / name).parent.mkdir(parents=True, exist_ok=True)
        (machine / name).write_text(text)


def settled_on(machine: Path, asked: str | None = None) -> Budget:
    return settle(PEAKS, asked, machine / "proc", machine / "cgroups")


@pytest.mark.parametrize(
    ("files", "limit_mb"),
    [
        ({"proc/cgroup": "0::/\n", "cgroups/memory.max": "536870912\n"}, 536.870912),
        ({"proc/cgroup": "0::/a/b\n", "cgroups/a/b/memory.max": "max\n", "cgroups/a/memory.max": "600000000\n"}, 600),
        ({"proc/cgroup": "0::/a\n", "cgroups/a/memory.max": "900000000\n", "cgroups/memory.max": "500000000\n"}, 500),
        # A container of the first version: its own group is mounted as the root, under the name of the outer one.
        ({"proc/cgroup": "4:memory:/docker/x\n", "cgroups/memory/memory.limit_in_bytes": "512000000\n"}, 512),
        (
            {
                "proc/cgroup": "9:cpu,cpuacct:/\n4:hugetlb,memory:/x\n0::/\n",
                "cgroups/memory/x/memory.limit_in_bytes": "512000000\n",
                "cgroups/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            512,
        ),
        ({"proc/cgroup": "4:memory:/\n", "cgroups/memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ({"proc/cgroup": "0::/\n", "cgroups/memory.max": "max\n"}, None),
        ({"proc/cgroup": "0::/nowhere\n"}, None),
        ({}, None),
    ],
)
def test_the_containers_limit_is_the_least_on_the_way_to_the_outermost(
    machine: Path, files: dict[str, str], limit_mb: float | None
) -> None:
    put(machine, files)
    found = settled_on(machine)
    assert found.limit_mb == limit_mb
    assert ("container" in found.set_by) == (limit_mb is not None)


def test_who_asks_goes_before_the_environment_and_that_before_the_container(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(machine, {"proc/cgroup": "0::/\n", "cgroups/memory.max": "700000000\n"})
    assert settled_on(machine).limit_mb == 700
    monkeypatch.setenv(VARIABLE, "600MB")
    assert (settled_on(machine).limit_mb, budget().set_by) == (600, VARIABLE)
    assert (settled_on(machine, "0.5GB").limit_mb, budget().set_by) == (500, "--memory-limit")
    assert settled_on(machine, "512MiB").limit_mb == 536.870912


@pytest.mark.parametrize("text", ["much", "512 parsecs", "-512MB", "0x200MB", "5e2MB"])
def test_a_limit_that_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(DeclarationError, match="is no size; write 512MB"):
        settle(PEAKS, text)


@pytest.mark.parametrize(("limit", "divisor"), [("10GB", 1), ("353MB", 1), ("352MB", 2), ("235MB", 4), ("118MB", 4)])
def test_the_sizes_at_the_start_are_the_largest_whose_measured_peak_has_room(limit: str, divisor: int) -> None:
    assert settle(PEAKS, limit).at_start == divisor


def test_too_little_is_refused_with_the_least_that_works() -> None:
    with pytest.raises(DeclarationError, match=r"--memory-limit allows 117 MB of memory, and a load .* needs 118 MB"):
        settle(PEAKS, "117MB")


def test_without_a_limit_every_size_is_what_it_was(machine: Path) -> None:
    settled_on(machine)
    assert budget().of(1_200_000) == 1_200_000
    assert batch_rows(1) == LARGEST_BATCH_ROWS


def test_sizes_shrink_step_by_step_as_the_peak_nears_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    settle(PEAKS, "1000MB")
    sizes = []
    for peak in (500, 919, 921, 969, 971, 2_000):
        monkeypatch.setattr(module, "peak_mb", lambda peak=peak: peak)
        sizes.append(batch_rows(1))
    assert sizes == [50_000, 50_000, 25_000, 25_000, 12_500, 12_500]
    assert Budget(100, "us", at_start=4).of(10) == 10 // LARGEST_DIVISOR
    assert Budget(100, "us", at_start=4).of(1) == 1, "never nothing"


def test_what_the_compose_file_allows_is_enough_for_every_warehouse() -> None:
    compose = yaml.safe_load((ROOT / "infra" / "compose.yml").read_text())
    services = compose["services"]
    assert (services["millrace"]["mem_limit"], services["postgres"]["mem_limit"]) == ("512m", "1g")
    allowed = services["millrace"]["environment"][VARIABLE]
    for warehouse in (DuckDB, Postgres, BigQuery):
        assert settle(warehouse.peaks, allowed).at_start == 1
    assert UNLIMITED / 1e6 > (budget().limit_mb or 0) <= 512 * 1.048576


def test_a_load_stays_within_the_least_limit_and_is_the_same_table(postgres: PostgresTarget) -> None:
    dataset = read_catalogue().source("dvf").dataset("mutations")
    columns = [field.name for field in dataset.fields if field.computed != "loaded_at"]
    least = round(min(Postgres.peaks.values()) / ROOM) + 1
    tables = []
    with Sandbox(scale=0.01) as sandbox:
        for options in ((), ("--memory-limit", f"{least}MB", "--force")):
            done = run_cli(
                *("load", "2022", "--source", "dvf", *options),
                **postgres.settings,
                MILLRACE_DVF_URL=sandbox.url("dvf"),
            )
            assert done.returncode == 0, done.stdout + done.stderr
            tables.append(digest(postgres.rows(dataset.table, columns)))
    assert tables[0] == tables[1]
    assert tables[0].rows > 30_000
    assert 50 < int(done.stdout.split("peak memory ")[1].split()[0]) < least


def test_too_little_memory_is_one_line_and_nothing_is_created(tmp_path: Path) -> None:
    target = DuckDBTarget.at(tmp_path / "raw_data.duckdb")
    done = run_cli("load", "2022", "--source", "dvf", **target.settings, MILLRACE_MEMORY_LIMIT="64MB")
    assert done.returncode == 1
    assert "DeclarationError: MILLRACE_MEMORY_LIMIT allows 64 MB of memory" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_what_it_found_and_who_set_the_limit(postgres: PostgresTarget) -> None:
    code, said = look(postgres, "doctor", "--memory-limit", "240MB")
    assert code == 0
    assert "240 MB, set by --memory-limit; sizes divided by 4" in " ".join(said.split())
    assert "10,869 rows of 46 columns" in said
    assert "PostgreSQL 1" in said
    assert "GB free in" in said
    for extra in ("[postgres]", "[bigquery]", "[dbt]", "[prefect]"):
        assert extra in said


def test_the_doctor_creates_nothing_and_ends_with_1_where_a_load_could_not_work(tmp_path: Path) -> None:
    target = DuckDBTarget.at(tmp_path / "raw_data.duckdb")
    code, said = look(target, "doctor")
    assert code == 0
    assert "not there yet; the first load creates it" in said
    assert list(tmp_path.iterdir()) == []
    code, said = look(target, "doctor", "--memory-limit", "64MB")
    assert code == 1
    assert "needs 353 MB" in " ".join(said.split())
    code, said = look(target, "doctor", "--warehouse", "oracle")
    assert code == 1
    assert "no warehouse 'oracle'" in " ".join(said.split())
