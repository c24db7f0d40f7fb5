"""Files that a user has: in a folder, inside of archives, or in an object store. Nothing is unpacked onto the disk."""

import lzma
import os
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from loaders.errors import DeclarationError, LoaderError, SourceChanged, SourceUnavailable, innermost

CHUNK_BYTES = 1 << 18
LARGEST_RATIO = 200  # of a zip's member: text that is worth loading stays below 50
RATIO_FREE_BYTES = 100 << 20  # below which the ratio is not looked at
LARGEST_MEMBER_BYTES = 64 << 30  # of an archive: a hundred times the largest month that a market publishes
ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
LEFT_ALONE = ("__MACOSX", ".")  # what file managers add


@dataclass(frozen=True)
class SourceFile:
    """One file: `name` is its path below the folder that was given, a member of an archive `archive.zip/member.csv`.

    `size` is in bytes, as read; `modified` an instant. A file with a `problem` cannot be read, for that reason.
    """

    name: str
    size: int
    modified: datetime
    location: str = field(repr=False)  # what fsspec opens
    member: str | None = None
    archive: "SourceFile | None" = field(default=None, repr=False)  # that it is a member of
    problem: LoaderError | None = None

    @property
    def path(self) -> str | None:
        """Where it lies on this disk, unless it is in an archive or elsewhere."""
        system, path = fsspec.core.url_to_fs(self.location)
        return path if self.member is None and isinstance(system, LocalFileSystem) else None

    def read(self, piece: int = CHUNK_BYTES) -> Iterator[bytes]:
        """The file's bytes, in pieces of so many. Raises `SourceUnavailable` when it is damaged or cannot be read."""
        with self.open() as file:
            yield from iter(partial(file.read, piece), b"")

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The file, to read from any position. Raises `SourceUnavailable` as `read`."""
        if self.problem is not None:
            raise self.problem
        with _named(self.name), self._opened() as file:
            yield file

    def _opened(self) -> AbstractContextManager[IO[bytes]]:
        if self.archive is None or self.member is None:
            opened: AbstractContextManager[IO[bytes]] = fsspec.open(self.location, "rb")
            return opened
        archive = _open_archive(self.archive)
        if isinstance(archive, zipfile.ZipFile):
            return archive.open(self.member)
        file = archive.extractfile(self.member)
        assert file is not None  # only files were listed
        return file


def find_files(root: str) -> list[SourceFile]:
    """Every file at or below `root`, a path or an fsspec URL, in the order of their changes, then of their names.

    Archives stand for what is in them; one that cannot be read is a file with a `problem`, and so is a folder.
    Raises `DeclarationError` if there is nothing at `root`.
    """
    try:
        system, path = fsspec.core.url_to_fs(root)
    except (ImportError, ValueError) as error:  # a library that is not installed, a scheme that nobody knows
        raise DeclarationError(f"{root} cannot be opened: {error}") from error
    is_local = isinstance(system, LocalFileSystem)
    try:
        found = system.find(path, detail=True)
    except Exception as error:  # of each store's own library
        if is_local:
            raise
        raise SourceUnavailable(f"{root} cannot be listed: {innermost(error)}") from error
    files = list(_closed_folders(path)) if is_local and Path(path).is_dir() else []
    _open_archive.cache_clear()  # what is listed is what is there now
    for place, about in found.items():
        # A single file is named by its last part, a file in a folder by its path below it.
        name = _text(PurePosixPath(place).name if place == path else place[len(path) :].lstrip("/"))
        if any(part.startswith(LEFT_ALONE) for part in PurePosixPath(name).parts):
            continue
        location = system.unstrip_protocol(place)
        if is_local and not Path(place).is_file():  # opening a pipe would wait for ever
            files.append(SourceFile(name, 0, _modified(system, place, about), location, problem=_no_file(name, place)))
            continue
        whole = SourceFile(name, int(about["size"]), _modified(system, place, about), location)
        files += _members(whole) if name.lower().endswith(ARCHIVES) else [whole]
    if not files:
        raise DeclarationError(f"no file at {root}; give a folder, a file, an archive or the URL of an object store")
    return sorted(files, key=lambda file: (file.modified, file.name))


def _closed_folders(root: str) -> Iterator[SourceFile]:
    """Folders on this disk that may not be looked into, each as a file with a problem: fsspec passes them over."""
    errors: list[OSError] = []
    for _ in os.walk(root, onerror=errors.append):
        pass
    for error in errors:
        place = os.fsdecode(error.filename)
        name = _text(place.removeprefix(root).lstrip("/") or PurePosixPath(place).name)
        said = f"{name} cannot be looked into ({error.strerror}): what is in it is not read"
        yield SourceFile(name, 0, datetime.fromtimestamp(0, UTC), f"file://{place}", problem=SourceUnavailable(said))


def _no_file(name: str, place: str) -> LoaderError:
    if Path(place).is_dir():
        return SourceUnavailable(f"{name} is a link to a folder, which is not followed: give the folder itself")
    return SourceUnavailable(f"{name} is no file but a pipe, a device, or a link that leads to none")


def _members(archive: SourceFile) -> Iterator[SourceFile]:
    """The files in an archive, or the archive itself with its problem."""
    try:
        with _named(archive.name):
            found = list(_listed(_open_archive(archive), archive.name))
    except LoaderError as error:
        yield replace(archive, problem=error)
        return
    if twice := [member for member, count in Counter(member for member, _, _ in found).items() if count > 1]:
        said = f"{archive.name} holds {_text(twice[0])} twice: nothing tells which is meant. Pack it again with one"
        yield replace(archive, problem=SourceChanged(said))
        return
    for member, size, modified in found:
        if not any(part.startswith(LEFT_ALONE) for part in PurePosixPath(member).parts):
            name, changed = f"{archive.name}/{_text(member)}", modified or archive.modified
            packed = SourceFile(name, size, changed, archive.location, member, archive)
            yield replace(packed, problem=_packed_twice(name)) if name.lower().endswith(ARCHIVES) else packed


def _packed_twice(name: str) -> LoaderError:
    return SourceUnavailable(f"{name} is an archive inside of an archive, which is not read: unpack the outer one")


@lru_cache(maxsize=8)  # as many as take turns: what a market reports of one day is in an archive for each report
def _open_archive(archive: SourceFile) -> zipfile.ZipFile | tarfile.TarFile:
    """An archive with the list of its members: read for each of thousands of members, it would take hours.

    It stays open until others are asked for, and after that for as long as somebody reads a member.
    """
    file = fsspec.open(archive.location, "rb").open()
    is_zip = archive.name.lower().endswith(".zip")
    return zipfile.ZipFile(file) if is_zip else tarfile.open(fileobj=file, mode="r:*")


def _listed(archive: zipfile.ZipFile | tarfile.TarFile, name: str) -> Iterator[tuple[str, int, datetime | None]]:
    return _zip_members(archive, name) if isinstance(archive, zipfile.ZipFile) else _tar_members(archive, name)


def _zip_members(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, int, datetime | None]]:
    for info in archive.infolist():
        if info.is_dir():
            continue
        _refuse_outside(name, info.filename)
        _refuse_larger(name, info.filename, info.file_size)
        if info.file_size > RATIO_FREE_BYTES and info.file_size > LARGEST_RATIO * max(info.compress_size, 1):
            what = f"{info.file_size:,} bytes of {_text(info.filename)} in {info.compress_size:,}"
            raise SourceUnavailable(f"{name}: {what}: refused as a bomb")
        yield info.filename, info.file_size, _written(info)


def _written(info: zipfile.ZipInfo | tarfile.TarInfo) -> datetime | None:
    """When a member was written, if it says so: programs without a clock write a month of zero."""
    try:
        if isinstance(info, zipfile.ZipInfo):
            return datetime(*info.date_time, tzinfo=UTC)
        return datetime.fromtimestamp(info.mtime, UTC)
    except (ValueError, OverflowError, OSError):  # the last from the system's own clock
        return None


def _tar_members(archive: tarfile.TarFile, name: str) -> Iterator[tuple[str, int, datetime | None]]:
    for info in archive:
        if info.isfile():
            _refuse_outside(name, info.name)
            _refuse_larger(name, info.name, info.size)
            yield info.name, info.size, _written(info)
    # Its members have no checksums: that of the compression comes at the very end, and nobody would read so far.
    assert archive.fileobj is not None
    while archive.fileobj.read(CHUNK_BYTES):
        pass


def _refuse_outside(name: str, member: str) -> None:
    path = PurePosixPath(member.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise SourceChanged(f"{name} holds {member!r}, a path outside of itself: nothing in it is trusted")


def _refuse_larger(name: str, member: str, size: int) -> None:
    if size > LARGEST_MEMBER_BYTES:
        raise SourceUnavailable(f"{name}: {_text(member)} says that it has {size:,} bytes: refused as a bomb")


def _text(name: str) -> str:
    """A name as text that can be shown and stored, also where its bytes are no UTF-8."""
    return name.encode(errors="backslashreplace").decode()


def _modified(system: Any, place: str, about: dict[str, Any]) -> datetime:
    """Object stores say it in their listings, each under a name of its own; others are asked."""
    said = about.get("LastModified") or about.get("updated") or about.get("mtime")
    if isinstance(said, int | float):
        return datetime.fromtimestamp(said, UTC)
    if isinstance(said, str):
        said = datetime.fromisoformat(said)
    if not isinstance(said, datetime):
        said = system.modified(place)
    return said if said.tzinfo else said.replace(tzinfo=UTC)


DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, NotImplementedError, RuntimeError),
)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """What the libraries raise for a damaged or unreadable file, as `SourceUnavailable`."""
    try:
        yield
    except FileNotFoundError as error:
        raise SourceUnavailable(f"no file {name}") from error
    except DAMAGED as error:
        raise SourceUnavailable(f"{name} is cut or damaged ({error}); get it again") from error
