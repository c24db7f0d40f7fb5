"""The sandbox's DVF files: what the loader's tests stand on has to stand itself."""

from __future__ import annotations

import csv
import gzip
import hashlib
import http.client
import io
import json
import subprocess
import sys
import tracemalloc
import urllib.error
import urllib.request
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox import Sandbox
from tests.sandbox.dvf.layout import COLUMNS, HEADER, Document
from tests.sandbox.dvf.sales import Edition

YEAR = 2023
TODAY = date(2025, 1, 1)
SCALE = 0.001  # 3,800 rows


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(scale=SCALE, seed=1, today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: Sandbox) -> Iterator[Sandbox]:
    yield shared
    shared.clear_faults()
    shared.release = 1


@pytest.fixture(scope="module")
def sample() -> list[dict[str, Any]]:
    """A hundredth of a year."""
    return list(Sandbox(scale=0.01, today=TODAY).rows("dvf", YEAR))


def get(sandbox: Sandbox, year: int = YEAR) -> Any:
    return urllib.request.urlopen(f"{sandbox.url('dvf')}/{year}/full.csv.gz", timeout=10)


def fetch(sandbox: Sandbox, year: int = YEAR) -> bytes:
    with get(sandbox, year) as response:
        body: bytes = response.read()
    return body


def read(body: bytes) -> list[dict[str, str | None]]:
    text = gzip.decompress(body).decode()
    return [{k: v or None for k, v in row.items()} for row in csv.DictReader(io.StringIO(text, newline=""))]


def sales(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in rows:
        found[row["id_mutation"]].append(row)
    return found


# --- one source of truth ---------------------------------------------------------------------------------------------


def test_the_header_is_the_published_one() -> None:
    assert len(COLUMNS) == 40
    digest = hashlib.md5(HEADER.encode(), usedforsecurity=False).hexdigest()
    assert digest == "2dc6b8a71937d7e916cba3e70a59b094"


def test_served_bytes_are_the_rows(sandbox: Sandbox) -> None:
    assert sandbox.url("dvf") == f"{sandbox.root}/dvf/geo-dvf/latest/csv"
    with get(sandbox) as response:
        body = response.read()
        assert response.headers["Content-Length"] is None
        assert response.headers["Content-Encoding"] is None
        assert response.headers["Last-Modified"] == "Mon, 08 Apr 2024 09:30:00 GMT"
    assert gzip.decompress(body).startswith(HEADER.encode())
    assert b"\r" not in gzip.decompress(body)
    assert read(body) == list(sandbox.rows("dvf", YEAR))
    assert len(read(body)) == pytest.approx(SCALE * 3_800_000, rel=0.08)


def test_the_same_file_is_the_same_bytes_and_years_and_seeds_differ(sandbox: Sandbox) -> None:
    first = fetch(sandbox)
    fetch(sandbox, 2022)
    with Sandbox(scale=SCALE, seed=2, today=TODAY) as other, Sandbox(scale=SCALE, today=TODAY) as twin:
        assert fetch(sandbox) == fetch(twin) == first
        assert read(fetch(other)) != read(first)
    prices = [[row["valeur_fonciere"] for row in sandbox.rows("dvf", year)] for year in (2022, 2023)]
    assert prices[0] != prices[1]


def test_a_compressing_server_does_not_compress_a_file_again() -> None:
    with Sandbox(scale=0.0001, today=TODAY, gzip=True) as sandbox:
        request = urllib.request.Request(
            f"{sandbox.url('dvf')}/2023/full.csv.gz", headers={"Accept-Encoding": "gzip, identity"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.headers["Content-Encoding"] is None
            assert read(response.read())


@pytest.mark.parametrize("path", ["/2013/full.csv.gz", "/2025/full.csv.gz", "/2023/full.csv", "/2023"])
def test_what_is_not_published_is_not_found(sandbox: Sandbox, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(sandbox.url("dvf") + path, timeout=10)
    assert error.value.code == 404
    assert list(sandbox.rows("dvf", 2025)) == []


# --- volume ----------------------------------------------------------------------------------------------------------


def test_a_year_is_not_held() -> None:
    def write(rows: int) -> None:
        for _ in islice(Edition(7, 1.0, YEAR, 1).lines(), rows):
            pass

    write(100_000)  # what is worked out once, for all rows, is kept
    tracemalloc.start()
    write(40_000)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_a_scale_thins_sales_and_no_department() -> None:
    rows = [Sandbox(scale=scale, today=TODAY).rows("dvf", YEAR) for scale in (0.00001, 0.002)]
    small, large = ([{**row, "id_mutation": None} for row in each] for each in rows)
    assert {row["code_departement"] for row in small} == {row["code_departement"] for row in large}
    found = Counter(map(str, large))
    assert all(found[str(row)] for row in small)


# --- structure -------------------------------------------------------------------------------------------------------


def test_sales_have_the_published_sizes(sample: list[dict[str, Any]]) -> None:
    sizes = sorted(len(rows) for rows in sales(sample).values())
    assert sizes[len(sizes) // 2] == 2
    assert sizes[len(sizes) * 99 // 100] == pytest.approx(17, abs=2)
    assert 60 < sizes[-1] <= 209
    assert len(sample) == pytest.approx(38_000, rel=0.02)


def test_a_sale_has_one_day_nature_and_price(sample: list[dict[str, Any]]) -> None:
    for rows in sales(sample).values():
        assert len({(r["date_mutation"], r["nature_mutation"], r["valeur_fonciere"]) for r in rows}) == 1
        assert len({row["code_departement"] for row in rows}) == 1
    assert {row["date_mutation"][:7] for row in sample} == {f"{YEAR}-{month:02}" for month in range(1, 13)}
    order = [row["id_mutation"] for row in sample]
    assert list(dict.fromkeys(order)) == [f"{YEAR}-{n}" for n in range(1, len(set(order)) + 1)]


def test_duplicates_and_spans(sample: list[dict[str, Any]]) -> None:
    distinct = len({tuple(row.values()) for row in sample})
    assert 1 - distinct / len(sample) == pytest.approx(0.03, abs=0.008)
    groups = sales(sample).values()
    assert sum(len({r["code_commune"] for r in g}) > 1 for g in groups) / len(groups) == pytest.approx(0.013, abs=0.005)
    assert 0.002 < sum(len({r["numero_disposition"] for r in g}) > 1 for g in groups) / len(groups) < 0.03
    crossed = [g for g in groups if len({(r["surface_reelle_bati"], r["nature_culture"]) for r in g}) > 2]
    assert crossed


def test_empties_are_the_published_ones(sample: list[dict[str, Any]]) -> None:
    missing = Counter(name for row in sample for name, value in row.items() if value is None)
    share = {name: missing[name] / len(sample) for name in COLUMNS}
    never = ["id_mutation", "date_mutation", "numero_disposition", "nature_mutation", "code_commune", "nom_commune"]
    assert all(share[name] == 0 for name in [*never, "code_departement", "id_parcelle", "nombre_lots"])
    expected = {"valeur_fonciere": 0.02, "longitude": 0.015, "code_postal": 0.002, "adresse_numero": 0.55}
    expected |= {"lot1_numero": 0.8, "type_local": 0.57, "surface_reelle_bati": 0.72, "surface_terrain": 0.18}
    for name, published in expected.items():
        assert share[name] == pytest.approx(published, rel=0.3), name
    assert all(share[name] < 1 for name in COLUMNS)


def test_codes_labels_and_traps(sample: list[dict[str, Any]]) -> None:
    labels = {(row["code_type_local"], row["type_local"]) for row in sample}
    assert labels == {
        *((None, None), ("1", "Maison"), ("2", "Appartement"), ("3", "Dépendance")),
        ("4", "Local industriel. commercial ou assimilé"),
    }
    natures = Counter(row["nature_mutation"] for row in sample)
    assert natures.most_common(1)[0][0] == "Vente"
    assert {"Vente en l'état futur d'achèvement", "Adjudication", "Echange", "Vente terrain à bâtir"} <= set(natures)
    departments = {row["code_departement"] for row in sample}
    assert {"01", "2A", "2B", "971", "974"} <= departments and not {"57", "67", "68", "976", "20"} & departments
    assert {"75101", "69381", "13201"} <= {row["code_commune"] for row in sample}
    for row in sample:
        assert len(row["code_commune"]) == 5 and row["code_commune"].startswith(row["code_departement"])
        assert len(row["id_parcelle"]) == 14 and row["id_parcelle"].startswith(row["code_commune"])
        assert row["code_postal"] is None or len(row["code_postal"]) == 5
        assert (row["ancien_code_commune"] is None) == (row["ancien_id_parcelle"] is None)
        if row["longitude"]:
            assert len(row["longitude"].split(".")[1]) == len(row["latitude"].split(".")[1]) == 6
    streets = {row["adresse_nom_voie"] for row in sample}
    assert any("," in street for street in streets) and any('"' in street for street in streets)
    assert max(int(row["nombre_lots"]) for row in sample) > 5
    assert any(row["valeur_fonciere"] and "." in row["valeur_fonciere"] for row in sample)


# --- releases --------------------------------------------------------------------------------------------------------


def stable(rows: Iterator[Document] | list[dict[str, Any]]) -> Counter[tuple[object, ...]]:
    """Rows as a release keeps them: without the number of the sale and the coordinates."""
    return Counter(tuple(value for name, value in row.items() if name not in UNSTABLE) for row in rows)


UNSTABLE = ("id_mutation", "longitude", "latitude")


def test_a_release_changes_few_rows_and_every_number(sandbox: Sandbox) -> None:
    before, stamp = read(fetch(sandbox)), get(sandbox).headers["Last-Modified"]
    sandbox.release = 2
    with get(sandbox) as response:
        after = read(response.read())
        assert response.headers["Last-Modified"] == "Tue, 08 Oct 2024 09:30:00 GMT" != stamp
    assert after == list(sandbox.rows("dvf", YEAR))
    removed, added = stable(before) - stable(after), stable(after) - stable(before)
    for changed in (removed, added):
        assert 0.003 < changed.total() / len(before) < 0.05
    assert {row["longitude"] for row in before} != {row["longitude"] for row in after}
    moved = max(abs(float(a) - float(b)) for a, b in _coordinates(before, after))
    assert 0 < moved < 0.0001
    numbers = [{key: number for number, key in _keys(rows)} for rows in (before, after)]
    same = sum(numbers[1].get(key) == number for key, number in numbers[0].items())
    assert same / len(numbers[0]) < 0.1
    assert len(set(map(str, before)) & set(map(str, after))) < len(before) * 0.05


def _keys(rows: list[dict[str, Any]]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for number, group in sales(rows).items():
        yield number, tuple(sorted(f"{row['date_mutation']} {row['id_parcelle']}" for row in group))


def _coordinates(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    known = {row["id_parcelle"]: row["latitude"] for row in before if row["latitude"]}
    for row in after:
        if row["latitude"] and row["id_parcelle"] in known:
            yield known[row["id_parcelle"]], row["latitude"]


def test_a_release_shuffles_the_rows_of_a_sale(sandbox: Sandbox) -> None:
    orders = []
    for release in (1, 2, 3):
        sandbox.release = release
        groups = sales(list(sandbox.rows("dvf", YEAR))).values()
        orders.append({tuple(sorted(keys)): keys for keys in ([r["id_parcelle"] for r in g] for g in groups)})
    for left, right in ((0, 1), (1, 2)):
        common = [key for key in orders[left] if key in orders[right] and len(set(key)) > 1]
        assert sum(orders[left][key] != orders[right][key] for key in common) > len(common) / 3


def test_releases_build_on_each_other(sandbox: Sandbox) -> None:
    editions = []
    for release in (1, 2, 3):
        sandbox.release = release
        editions.append(stable(sandbox.rows("dvf", YEAR)))
    first, second, third = editions
    gone = first - second
    assert (gone - third).total() > 0.9 * gone.total()
    assert second - third
    with pytest.raises(ValueError, match="count from 1"):
        sandbox.release = 0


# --- faults ----------------------------------------------------------------------------------------------------------


def damage(sandbox: Sandbox, kind: str, **options: Any) -> bytes:
    sandbox.fail("DVF", kind, on="2023", **options)
    return fetch(sandbox)


@pytest.mark.parametrize("kind", ["truncate", "truncate_gzip"])
@pytest.mark.parametrize("at", [0, 1, 9, 10, 18, 1_000, 65_536, -9, -8, -1])
def test_a_file_cut_at_any_byte(sandbox: Sandbox, kind: str, at: int) -> None:
    whole = fetch(sandbox)
    at = at if at >= 0 else len(whole) + at
    assert damage(sandbox, kind, after_bytes=at) == whole[:at]
    assert fetch(sandbox) == whole


def test_a_cut_where_a_chunk_ends_does_not_finish_the_body_twice(sandbox: Sandbox) -> None:
    whole = fetch(sandbox)
    for cut in range(10, 40_000, 1_999):
        sandbox.fail("DVF", "reset", on=2023, after_bytes=cut)
        with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
            fetch(sandbox)
    pieces = [len(piece) for piece in sandbox.dvf.answer("/2023/full.csv.gz", {}).pieces()]
    sandbox.fail("DVF", "truncate", on=2023, after_bytes=pieces[0] + pieces[1])
    connection = http.client.HTTPConnection("127.0.0.1", int(sandbox.root.rsplit(":", 1)[1]), timeout=10)
    for expected in (whole[: pieces[0] + pieces[1]], whole):  # on one connection
        connection.request("GET", "/dvf/geo-dvf/latest/csv/2023/full.csv.gz")
        assert connection.getresponse().read() == expected
    connection.close()


def test_another_year_stays_right(sandbox: Sandbox) -> None:
    sandbox.fail("DVF", "truncate", on="2023", times=None)
    assert read(fetch(sandbox, 2022)) == list(sandbox.rows("dvf", 2022))
    assert len(fetch(sandbox)) == 1_000


def test_a_wrong_length_is_noticed(sandbox: Sandbox) -> None:
    with pytest.raises(http.client.IncompleteRead):
        damage(sandbox, "wrong_length")


@pytest.mark.parametrize("kind", ["404", "500", "503", "429"])
def test_a_status_in_place_of_a_file(sandbox: Sandbox, kind: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        damage(sandbox, kind)
    assert error.value.code == int(kind)
    assert read(fetch(sandbox))


def test_bodies_that_are_no_file(sandbox: Sandbox) -> None:
    assert damage(sandbox, "html").startswith(b"<!DOCTYPE html>")
    assert damage(sandbox, "empty_body") == b""
    with pytest.raises(zlib.error):
        zlib.decompress(damage(sandbox, "malformed"), wbits=31)
    whole = fetch(sandbox)
    assert damage(sandbox, "slow_drip", after_bytes=20_000, delay=0.001) == whole


def test_a_renamed_column(sandbox: Sandbox) -> None:
    names = gzip.decompress(damage(sandbox, "wrong_header")).decode().split("\n", 1)[0].split(",")
    assert [name for name in names if name not in COLUMNS] == ["valeur_fonciere_renamed"]
    assert len(names) == 40


@pytest.mark.parametrize(("kind", "fields"), [("bad_row", 39), ("undeclared_key", 41)])
def test_a_row_of_the_wrong_width(sandbox: Sandbox, kind: str, fields: int) -> None:
    rows = list(csv.reader(io.StringIO(gzip.decompress(damage(sandbox, kind)).decode(), newline="")))
    wrong = [place for place, row in enumerate(rows) if len(row) != 40]
    assert [len(rows[place]) for place in wrong] == [fields]
    assert wrong == [501] if kind == "bad_row" else [len(rows) - 1]
    assert len(rows) == 1 + sum(1 for _ in sandbox.rows("dvf", YEAR))


def test_the_first_page_twice(sandbox: Sandbox) -> None:
    rows = read(damage(sandbox, "duplicate_page"))
    assert rows[-100:] == rows[:100]


def test_faults_that_make_no_sense_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="files with a header"):
        sandbox.fail("PN", "wrong_header")
    with pytest.raises(ValueError, match="days, not years"):
        sandbox.rows("PN", 2023)


def test_a_mutation_changes_what_is_sent(sandbox: Sandbox) -> None:
    def change(rows: Iterator[Document]) -> Iterator[Document | bytes]:
        yield next(rows) | {"nom_commune": 'L"Isle, sur', "valeur_fonciere": None}
        yield b"\xff\xfe,broken\n"
        yield from rows

    sandbox.mutate("DVF", change, on=2023)
    lines = gzip.decompress(fetch(sandbox)).split(b"\n")
    assert b',"L""Isle, sur",' in lines[1] and lines[2] == b"\xff\xfe,broken"
    expected = list(sandbox.rows("dvf", YEAR))
    assert read(b"".join([gzip.compress(b"\n".join([lines[0], *lines[3:]]))])) == expected[1:]
    assert read(fetch(sandbox, 2022)) == list(sandbox.rows("dvf", 2022))


# --- replay and the command line -------------------------------------------------------------------------------------


def test_a_recorded_file_is_sent_as_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "full.csv.gz"
    lines = [HEADER, *islice(sandbox.dvf.lines(YEAR), 700)]
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=5))
    with Sandbox(scale=SCALE, today=TODAY, replay={"2031": path}) as replaying:
        with get(replaying, 2031) as response:
            assert response.headers["Content-Length"] == str(path.stat().st_size)
            assert response.read() == path.read_bytes()
        assert list(replaying.rows("dvf", 2031)) == read(path.read_bytes())
        replaying.fail("DVF", "truncate", on=2031, after_bytes=1_234)
        assert fetch(replaying, 2031) == path.read_bytes()[:1_234]
        replaying.fail("DVF", "bad_row", on=2031)
        assert gzip.decompress(fetch(replaying, 2031)).count(b"\n") == 701
        assert read(fetch(replaying)) == list(sandbox.rows("dvf", YEAR))


def test_the_command_line_prints_the_addresses(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "full.csv.gz"
    path.write_bytes(gzip.compress(HEADER.encode()))
    command = [sys.executable, "-m", "tests.sandbox", "--scale", str(SCALE), "--until-stdin-closes"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [*command, "--replay", f"dvf:2022={path}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        assert {"elexon", "dvf", "spp"} <= addresses.keys()
        with urllib.request.urlopen(f"{addresses['dvf']}/2022/full.csv.gz", timeout=10) as response:
            assert response.read() == path.read_bytes()
        faults = addresses["dvf"].split("/dvf/")[0] + "/_faults"
        urllib.request.urlopen(faults, data=b'{"release": 2}', timeout=10).close()
        with urllib.request.urlopen(f"{addresses['dvf']}/2023/full.csv.gz", timeout=10) as response:
            sandbox.release = 2
            assert read(response.read()) == list(sandbox.rows("dvf", YEAR))
        process.stdin.close()
        assert process.wait(timeout=10) == 0
