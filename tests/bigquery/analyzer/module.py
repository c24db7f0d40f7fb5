"""The analyzer as a WebAssembly module: compiled once, of 20 seconds and a gigabyte, and spoken to without delay."""

from __future__ import annotations

import ctypes
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


def copy_at_once() -> None:
    """Messages go into the module's memory and out of it as a whole; zetasql copies them byte by byte, in Python."""

    def address(client: wasm_client.WasmClient, offset: int) -> int:
        return ctypes.addressof(client.memory.data_ptr().contents) + offset

    def write(client: wasm_client.WasmClient, offset: int, data: bytes) -> None:
        ctypes.memmove(address(client, offset), data, len(data))

    def read(client: wasm_client.WasmClient, offset: int, size: int) -> bytes:
        return ctypes.string_at(address(client, offset), size)

    wasm_client.WasmClient.write_bytes = write
    wasm_client.WasmClient.read_bytes = read
