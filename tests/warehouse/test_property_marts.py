"""The marts of property sales: the same rows on every warehouse."""

from __future__ import annotations

import pytest

from tests.warehouse.conftest import Domains
from tests.warehouse.same import assert_same, mart_rows

AREA = ["echelle_geo", "code_geo"]
GRAINS = {
    "fct_mutation": ["year", "id_mutation"],
    "fct_price_per_m2_monthly": [*AREA, "annee_mois", "type_bien"],
    "fct_price_per_m2_yearly": [*AREA, "year", "type_bien"],
    "fct_price_per_m2_whole_period": [*AREA, "type_bien"],
    "fct_volume_yearly": [*AREA, "year", "nature_mutation"],
}


@pytest.mark.parametrize("mart", GRAINS)
@pytest.mark.parametrize("other", ["postgres", "bigquery"])
def test_a_mart_has_the_same_rows_on_duckdb_and_elsewhere(elsewhere: Domains, other: str, mart: str) -> None:
    assert_same(*(mart_rows(elsewhere.targets[kind], mart, GRAINS[mart]) for kind in ("duckdb", other)))
