"""Lets Python 3.11 import the two files of local-bigquery that are written for 3.12."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

# By module: what is written, and the same in the older syntax.
OLDER: dict[str, dict[str, str]] = {
    "local_bigquery.catalog.metadata": {
        "import hashlib\n": "import hashlib; from typing import TypeVar; R = TypeVar('R')\n",
        "[R: Resource](": "(",
    },
    "local_bigquery.engine.results": {
        """{message.replace("'", "''")}""": "{message.replace(chr(39), chr(39) * 2)}",
    },
}


class _Rewriter(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path).decode()
        for newer, older in OLDER[fullname].items():
            if newer not in source:
                raise ImportError(f"{self.path} no longer holds {newer!r}; is this the pinned version?")
            source = source.replace(newer, older)
        return self.source_to_code(source, self.path)


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in OLDER:
            return None
        spec = PathFinder.find_spec(name, path)
        spec.loader = _Rewriter(name, spec.origin)
        return spec


def accept_newer_syntax() -> None:
    """Call before the first import of local_bigquery. Does nothing on Python 3.12 and later."""
    if sys.version_info < (3, 12):
        sys.meta_path.insert(0, _Finder())
