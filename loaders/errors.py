"""Errors, by what the reader of the message has to do."""


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


def innermost(error: BaseException) -> str:
    """The reason at the bottom of a chain: libraries wrap a driver's error, and put URLs with secrets around it."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return f"{type(error).__name__}: {str(error).strip()}".rstrip(": ")
