"""The analyzer refuses what BigQuery refuses, though the emulator runs it."""

from __future__ import annotations

from tests.bigquery.analyse import Statement, analyse, statements

TABLE = "p.raw.t"
COLUMNS = {"day": "DATE", "n": "INT64", "x": "FLOAT64", "said": "STRING", "seen_at": "TIMESTAMP"}
WRONG = {  # and what the analyzer says of it
    "select median(x) from `p.raw.t`": "Function not found: median",
    "select x::int64 from `p.raw.t`": 'Syntax error: Expected end of input but got ":"',
    "select strftime(day, '%Y') from `p.raw.t`": "Function not found: strftime",
    "select cast(x as double) from `p.raw.t`": "Type not found: double",
    "select y from `p.raw.t`": "Unrecognized name: y",
    "select n from (select *, 1 as n from `p.raw.t`)": "Column name n is ambiguous",
    "select * from `p.raw.t` where n = said": "No matching signature for operator =",
    "select day, sum(n) from `p.raw.t`": "SELECT list expression references column day which is neither grouped",
    "select * from `p.raw.other`": "Table not found",
    "select timestamp_add(seen_at, interval 1 month) from `p.raw.t`": "does not support the MONTH date part",
}
RIGHT = [
    "select cast(n as bigint), cast(x as integer) from `p.raw.t`",
    "select array_agg(x ignore nulls order by x)[safe_offset(div(count(x), 2))] from `p.raw.t`",
    "select n from unnest(generate_array(1, 3)) as n",
    "select date_trunc(day, month), timestamp(day, 'Europe/London') from `p.raw.t`",
]


def asked(*sql: str, creates: str | None = None) -> list[Statement]:
    return [{"name": text, "creates": creates, "sql": text} for text in sql]


def test_what_bigquery_refuses_is_named_with_its_reason() -> None:
    found = dict(analyse({TABLE: COLUMNS}, asked(*WRONG, *RIGHT)))
    assert found.keys() == WRONG.keys()
    for sql, reason in WRONG.items():
        assert reason in found[sql], sql


def test_a_model_is_known_to_the_next_with_the_types_that_it_gives() -> None:
    model = asked("select cast(n as string) as key from `p.raw.t`", creates="p.staging.m")
    found = analyse(
        {TABLE: COLUMNS}, model + asked("select key + 1 from `p.staging.m`", "select key from `p.staging.m`")
    )
    assert [name for name, _ in found] == ["select key + 1 from `p.staging.m`"]


def test_what_reads_a_wrong_model_is_not_blamed_for_it() -> None:
    model = asked("select nothing from `p.raw.t`", creates="p.staging.m")
    reader = asked("select key from `p.staging.m`", creates="p.marts.f")
    found = analyse({TABLE: COLUMNS}, model + reader + asked("select * from `p.marts.f`"))
    assert [name for name, _ in found] == ["select nothing from `p.raw.t`"]


def test_a_model_comes_after_what_it_reads() -> None:
    node = {"database": "p", "schema": "s", "resource_type": "model", "config": {"materialized": "table"}}
    nodes = {
        "b": node | {"name": "b", "alias": "b", "compiled_code": "select 1 from `p`.`s`.`a`"},
        "a": node | {"name": "a", "alias": "a", "compiled_code": "select 1"},
    }
    nodes["b"]["depends_on"], nodes["a"]["depends_on"] = {"nodes": ["a"]}, {"nodes": []}
    found = list(statements({"nodes": nodes}))
    assert [one["creates"] for one in found] == ["p.s.a", "p.s.b"]
    assert found[1]["sql"] == "select 1 from `p.s.a`"
