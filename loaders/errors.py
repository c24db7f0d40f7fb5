"""Errors, by what the reader of the message has to do."""

from collections.abc import Iterator


class LoaderError(Exception):
    """Anything that a load can name. Its text says what happened, where, and what to do."""


class DeclarationError(LoaderError):
    """Fix the YAML: the text names the file, the line and what to write."""


class SourceUnavailable(LoaderError):
    """Try again later: the publisher did not answer, or answered with something that is not a whole body.

    `seconds` is how long it asked to be left alone, where it said so.
    """

    def __init__(self, said: str, seconds: float | None = None) -> None:
        super().__init__(said)
        self.seconds = seconds


class SourceChanged(LoaderError):
    """A person looks: the publisher answered, but not with what is declared. Nothing was written or deleted."""


class NotThere(SourceChanged):
    """Nothing is kept at that address: it is not published yet, or no longer, or has moved."""


class AccessRefused(LoaderError):
    """Ask for the right, or log in: the publisher knows who asks, and says no."""


class WarehouseUnavailable(LoaderError):
    """Start the warehouse, or wait until whoever holds it is done."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those under it, down to the first of ours, which says what to do, or to the bottom."""
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        if isinstance(inner, LoaderError):
            return
        # dlt keeps a job's own error beside the chain.
        inner = getattr(inner, "client_exception", None) or inner.__cause__ or inner.__context__


def innermost(error: BaseException) -> str:
    """The reason at the bottom of a chain: libraries wrap a driver's error, and put URLs with secrets around it."""
    *_, reason = causes(error)
    if isinstance(reason, LoaderError):
        return str(reason)
    return f"{type(reason).__name__}: {str(reason).strip()}".rstrip(": ")


def repeats_a_key(key: dict[str, object]) -> str:
    """What is said of rows of one file that have the same key."""
    shown = ", ".join(f"{name} {value}" for name, value in key.items())
    return f"two rows have the key {shown}: nothing tells which is meant; get the file again"
