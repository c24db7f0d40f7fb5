"""The official statistics of three real years, to the figures that the publisher's own definition gives."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.build import build
from loaders.catalogue import read_catalogue
from tests.conftest import DbtFiles, MakeTarget
from tests.loads import UNHURRIED, run_load
from tests.warehouses import Digest, digest, environment

pytestmark = pytest.mark.published

DVF = read_catalogue().source("dvf")
# Sales and median price per m2 of houses, flats and premises.
OFFICIAL = {
    2018: {"maison": (1396, 1710.24), "appartement": (597, 1439.65), "local": (121, 533.33)},
    2019: {"maison": (1513, 1763.63), "appartement": (670, 1511.17), "local": (132, 688.54)},
    2020: {"maison": (1566, 1812.73), "appartement": (661, 1610.00), "local": (88, 659.25)},
}
WHOLE_PERIOD = {"maison": (4475, 1762.89), "appartement": (1928, 1522.14), "local": (341, 618.56)}


Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module", params=["duckdb geo40", "postgres geo40", "duckdb raw43", "postgres raw43"])
def query(
    request: pytest.FixtureRequest, borrow: MakeTarget, dbt_files: DbtFiles, tmp_path_factory: pytest.TempPathFactory
) -> Query:
    """Queries on the marts of the three years, in geo-dvf's files or in the administration's own."""
    if "MILLRACE_PUBLISHED_DATA" not in os.environ:
        pytest.skip("MILLRACE_PUBLISHED_DATA names no folder of published samples")
    samples = Path(os.environ["MILLRACE_PUBLISHED_DATA"]) / "dvf" / "derived"
    warehouse, dialect = request.param.split()
    files = tmp_path_factory.mktemp("files")
    for path in samples.glob(f"{dialect}_*"):
        (files / path.name).symlink_to(path)
    target = borrow(warehouse)
    with environment(UNHURRIED | dbt_files(target)):
        outcome = run_load(target, "", ["mutations"], "2018-01-01", "2020-12-31", source=DVF, files=str(files))
        assert (outcome.errors, outcome.rows_loaded, outcome.rows_quarantined) == ([], 30_000, 0)
        build(warehouse=target.open(), say=lambda line: None)
    return target.query


mutations: dict[str, Digest] = {}


def test_every_dialect_gives_the_same_mutations(query: Query, request: pytest.FixtureRequest) -> None:
    found = query(
        "SELECT id_mutation, date_mutation, nature_mutation, valeur_fonciere_eur::text FROM marts.fct_mutation"
    )
    mutations[request.node.callspec.params["query"]] = digest(found)
    assert len(set(mutations.values())) == 1
    assert len(found) > 10_000


@pytest.mark.parametrize("year", OFFICIAL)
def test_a_year(query: Query, year: int) -> None:
    found = query(
        "SELECT type_bien, nb_ventes, med_prix_m2_eur FROM marts.fct_price_per_m2_yearly "
        f"WHERE echelle_geo = 'nation' AND year = {year}"
    )
    assert {kind: (sales, round(float(median), 2)) for kind, sales, median in found if kind in OFFICIAL[year]} == (
        OFFICIAL[year]
    )


def test_the_whole_period(query: Query) -> None:
    found = query(
        "SELECT type_bien, nb_ventes, med_prix_m2_eur FROM marts.fct_price_per_m2_whole_period "
        "WHERE echelle_geo = 'nation'"
    )
    assert {kind: (sales, round(float(median), 2)) for kind, sales, median in found if kind in WHOLE_PERIOD} == (
        WHOLE_PERIOD
    )
