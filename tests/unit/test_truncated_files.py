"""A gzip file that is cut at any byte at all is refused; only the whole one is not."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loaders.delimited import unpacked
from loaders.errors import SourceUnavailable

WHOLE = gzip.compress(b"".join(b"%d,a row\n" % number for number in range(500)))


@given(cut=st.integers(2, len(WHOLE) - 1), piece=st.integers(1, 700))
@example(cut=len(WHOLE) - 1, piece=1)
@example(cut=len(WHOLE) - 8, piece=700)  # all of the text, and no checksum
def test_a_cut_file_is_refused(cut: int, piece: int) -> None:
    pieces = (WHOLE[start : min(start + piece, cut)] for start in range(0, cut, piece))
    with pytest.raises(SourceUnavailable, match="cut"):
        list(unpacked(pieces))


@given(piece=st.integers(1, 700))
def test_the_whole_file_is_read(piece: int) -> None:
    pieces = (WHOLE[start : start + piece] for start in range(0, len(WHOLE), piece))
    assert b"".join(unpacked(pieces)) == gzip.decompress(WHOLE)
