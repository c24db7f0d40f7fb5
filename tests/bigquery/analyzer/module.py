"""The analyzer is a WebAssembly module of 20 seconds' and a gigabyte's compilation: done once and kept."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path

import wasmtime
from zetasql.core import wasm_client

COMPILED = Path(sys.prefix) / f"analyzer-{version('wasmtime')}.bin"


class _Kept:
    """Stands in for `wasmtime.Module` where zetasql loads it."""

    @staticmethod
    def from_file(engine: wasmtime.Engine, path: str) -> wasmtime.Module:
        if not COMPILED.exists():
            written = COMPILED.with_suffix(f".{os.getpid()}")
            written.write_bytes(wasmtime.Module.from_file(engine, path).serialize())
            written.replace(COMPILED)  # two may compile at once
        return wasmtime.Module.deserialize_file(engine, str(COMPILED))


def keep_compiled() -> None:
    """Call before the first analysis."""
    wasm_client.Module = _Kept
