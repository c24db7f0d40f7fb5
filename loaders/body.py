"""A body as it passes: never held, but counted and hashed, wherever it comes from."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from loaders.errors import SourceUnavailable, innermost
from loaders.files import SourceFile


@dataclass
class Body:
    """A body as it passes: `chunks` can be read once; `size` in bytes and `sha256` are those of what was read."""

    url: str
    chunks: Iterator[bytes]
    release: str = ""  # the day on which the publisher last changed it, where the server says so
    files: tuple[SourceFile, ...] = ()  # which they are, where no publisher was asked
    size: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @classmethod
    def of(cls, *files: SourceFile) -> "Body":
        """A file, or several as one body."""
        release = max(file.modified for file in files).date().isoformat()
        return cls(
            ", ".join(file.name for file in files), chain.from_iterable(map(SourceFile.read, files)), release, files
        )

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self) -> Iterator[bytes]:
        """The body's pieces. Raises `SourceUnavailable` when it breaks off."""
        try:
            for chunk in self.chunks:
                self.size += len(chunk)
                self._digest.update(chunk)
                yield chunk
        except OSError as error:  # a network's errors are some, too
            raise SourceUnavailable(f"the body broke off after {self.size:,} bytes: {innermost(error)}") from error
