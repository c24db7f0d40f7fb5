"""What is built is what is loaded; dbt runs in this process and leaves nothing open."""

import subprocess
import sys
from datetime import date

import pytest

from flows.build import Plan, build, main, make_plan, summary
from flows.load import run_load
from flows.run_dbt import PROJECT, DbtFailed, Node, run_dbt
from loaders.catalogue import read_catalogue
from loaders.destination import open_session, open_warehouse
from tests.warehouses import DuckDBTarget

DAYS = ["--from", "2024-01-02", "--to", "2024-01-03"]
MARTS = {  # all that generation by fuel alone can make
    "fct_generation_half_hourly",
    "fct_generation_daily",
    "fct_generation_monthly",
    "fct_generation_yearly",
}
PHYSICAL = ("pn", "qpn", "mels", "mils")  # all that the positions of units are made of


def load(*datasets: str) -> None:
    options = [option for dataset in datasets for option in ("--dataset", dataset)]
    assert run_load("two days", [*DAYS, *options], lambda _: None).exit_code == 0


def test_a_dataset_without_a_table_is_left_out_with_what_reads_it(target: DuckDBTarget) -> None:
    load("fuelhh")
    said: list[str] = []
    nodes = build(say=said.append)
    built = {node.name for node in nodes if node.kind == "model"}
    assert built >= MARTS
    assert not any("fct_system_price" in name or "physical" in name or name == "stg_elexon__pn" for name in built)
    assert "elexon.pn" in said[0]
    assert "elexon.fuelhh" not in said[0]
    assert "dvf.*" in said[0]
    assert "millrace load" in said[0]
    counted = target.query("SELECT settlement_date, COUNT(*) FROM marts.fct_generation_half_hourly GROUP BY 1")
    assert dict(counted) == {date(2024, 1, 2): 960, date(2024, 1, 3): 960}


def test_a_warning_says_what_it_counts(target: DuckDBTarget) -> None:
    load("freq")
    nodes = build(options=["--select", "stg_elexon__freq"], say=lambda _: None)
    assert "freq_measured_at__5760 (rows of the shortest day, where a whole one has 5,760: Got " in summary(nodes)


def test_everything_that_is_loaded_is_built_and_no_other_month(target: DuckDBTarget) -> None:
    load(*PHYSICAL)
    with open_session(open_warehouse()) as session:
        plan = make_plan(session, read_catalogue())
    others = tuple(dataset for dataset in read_catalogue().datasets() if dataset.name not in PHYSICAL)
    assert plan == Plan({"power_gb": (date(2024, 1, 2), date(2024, 1, 4))}, missing=others)
    nodes = build(say=lambda _: None)
    position = next(node for node in nodes if node.name == "fct_physical_position_half_hourly" and node.kind == "model")
    assert position.status == "success"
    # dbt has let go of the file: another process may write it while this one lives.
    count = "SELECT COUNT(DISTINCT settlement_date) FROM marts.fct_physical_position_half_hourly"
    program = "import duckdb, sys; print(duckdb.connect(sys.argv[1]).sql(sys.argv[2]).fetchone())"
    command = [sys.executable, "-c", program, str(target.path), count]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(2,)", done.stderr


def test_each_domain_is_built_over_its_own_days(target: DuckDBTarget) -> None:
    """What a build is told to leave out is put to dbt: together they have every model, and none twice."""
    ten_years, two_days = (date(2015, 1, 1), date(2025, 1, 1)), (date(2025, 3, 1), date(2025, 3, 3))
    plan = Plan({"compute": two_days, "power_gb": ten_years, "property": ten_years, "power_us": ten_years}, ())
    listed: list[set[str]] = []
    for arguments, (first, until) in zip(plan.builds(read_catalogue()), (two_days, ten_years), strict=True):
        assert arguments[:5] == ["build", "--event-time-start", str(first), "--event-time-end", str(until)]
        said: list[str] = []
        run_dbt(["ls", "--resource-type", "model", "--output", "name", *arguments[5:]], target.open(), said.append)
        listed.append({line for line in said if line.isidentifier()})
    compute, others = listed
    assert sorted([*compute, *others]) == sorted(path.stem for path in PROJECT.glob("models/**/*.sql"))
    assert {"fct_pod_usage_daily", "int_pod_day", "stg_openshift__pod_usage"} <= compute
    assert {"fct_generation_daily", "stg_elexon__pn", "dim_settlement_period", "fct_lmp"} <= others


def test_domains_of_the_same_days_are_built_together() -> None:
    span, asked = (date(2024, 1, 1), date(2025, 1, 1)), (date(2024, 5, 1), date(2024, 6, 1))
    catalogue = read_catalogue()
    [together] = Plan({"compute": span, "power_gb": span}, ()).builds(catalogue)
    assert together == ["build", "--event-time-start", "2024-01-01", "--event-time-end", "2025-01-01"]
    days = ["build", "--event-time-start", "2024-05-01", "--event-time-end", "2024-06-01"]
    assert Plan({"compute": span, "power_gb": asked}, ()).builds(catalogue, asked) == [days]
    pn = catalogue.source("elexon").dataset("pn")
    assert Plan({}, (pn,)).builds(catalogue) == [["build", "--exclude", "source:elexon.pn+"]]


def test_options_are_added_to_what_is_left_out(target: DuckDBTarget) -> None:
    load("fuelhh")
    nodes = build(
        options=["--select", "+fct_generation_daily", "stg_elexon__pn", "--exclude", "test_type:generic"],
        say=lambda _: None,
    )
    assert {node.name for node in nodes if node.kind == "model"} >= {"fct_generation_daily"}
    assert not any(node.name.startswith("unique_grain") for node in nodes)


def test_a_failure_names_the_nodes(target: DuckDBTarget) -> None:
    load("fuelhh")
    target.execute("UPDATE raw.elexon__fuelhh SET fuel_type = 'CCGT'")  # so that the grain is no longer unique
    with pytest.raises(DbtFailed, match=r"1 nodes failed\ntest unique_grain_\S+: fail: Got \d+ results") as caught:
        build(options=["--select", "stg_elexon__fuelhh"], say=lambda _: None)
    assert {node.status for node in caught.value.nodes} >= {"success", "pass", "fail"}


def test_nothing_loaded_is_said(target: DuckDBTarget, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert "nothing is loaded" in capsys.readouterr().err


def test_years_are_a_span_and_the_rest_is_for_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, object]] = []

    def ask(span: object, options: list[str]) -> list[Node]:
        asked.append((span, list(options)))
        return []

    monkeypatch.setattr("flows.build.build", ask)
    assert main(["2023", "2024", "--select", "2025"]) == 0
    assert main(["--full-refresh"]) == 0
    assert asked == [((date(2023, 1, 1), date(2025, 1, 1)), ["--select", "2025"]), (None, ["--full-refresh"])]


def test_building_needs_no_prefect() -> None:
    program = "import flows.build, sys; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
