"""Compressed and delimited files: whole or refused, whatever pieces they arrive in."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.catalogue import read_catalogue
from loaders.delimited import as_file, gunzip, read_csv
from loaders.errors import SourceChanged, SourceUnavailable

DATASET = read_catalogue().source("dvf").dataset("mutations")
HEADER = ",".join(field.key for field in DATASET.published) + "\n"
ROW = ",".join(["2023-1", "2023-01-03", *[""] * 38]) + "\n"


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


@given(texts=st.lists(st.binary(min_size=0, max_size=300), min_size=1, max_size=4), size=st.integers(1, 64))
@settings(max_examples=60, deadline=None)
def test_every_member_of_a_gzip_file_is_read(texts: list[bytes], size: int) -> None:
    body = b"".join(gzip.compress(text) for text in texts)
    assert b"".join(gunzip(pieces(body, size))) == b"".join(texts)


def test_a_gzip_file_cut_at_any_byte_is_refused() -> None:
    body = gzip.compress(HEADER.encode() + ROW.encode() * 50)
    for cut in range(len(body)):
        with pytest.raises(SourceUnavailable):
            list(gunzip(pieces(body[:cut], 7)))


def test_a_gzip_file_that_swells_beyond_measure_is_refused() -> None:
    with pytest.raises(SourceUnavailable, match="bomb"):
        for _ in gunzip(pieces(gzip.compress(b"\0" * (150 << 20)), 1 << 16)):
            pass


def test_rows_come_under_the_headers_names_and_empty_is_null() -> None:
    [batch] = read_csv(as_file(pieces((HEADER + ROW).encode(), 11)), DATASET)
    assert batch.num_rows == 1
    assert batch.column("id_mutation")[0].as_py() == "2023-1"
    assert batch.column("valeur_fonciere")[0].as_py() is None


def test_a_header_alone_is_a_file_without_rows() -> None:
    assert sum(batch.num_rows for batch in read_csv(as_file([HEADER.encode()]), DATASET)) == 0


def test_another_header_names_what_differs() -> None:
    header = HEADER.replace("valeur_fonciere", "prix")
    with pytest.raises(SourceChanged, match=r"valeur_fonciere.*prix"):
        list(read_csv(as_file([(header + ROW).encode()]), DATASET))


def test_a_row_with_a_value_too_few_is_refused() -> None:
    with pytest.raises(SourceUnavailable, match="39"):
        list(read_csv(as_file([(HEADER + ROW + ROW[:-2] + "\n" + ROW).encode()]), DATASET))
