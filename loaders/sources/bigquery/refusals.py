"""What Google's errors mean to the reader of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loaders.errors import AccessRefused, DeclarationError, LoaderError, SourceUnavailable

ROLES = "roles/bigquery.readSessionUser on the project that pays, and roles/bigquery.dataViewer on the dataset"

# Google says 403 to these too, and no right would help; by its own reason.
NO_RIGHT_HELPS: dict[str, tuple[type[LoaderError], str]] = {
    "quotaExceeded": (SourceUnavailable, "a quota is used up; wait until it is refilled, or ask for more"),
    "rateLimitExceeded": (SourceUnavailable, "too many requests at once; run the same command again in a minute"),
    "billingNotEnabled": (DeclarationError, "enable billing for the project that pays"),
    "responseTooLarge": (
        DeclarationError,
        "BigQuery's own table of results cannot hold it; write a dataset for it in MILLRACE_BIGQUERY_SCRATCH",
    ),
}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise a `LoaderError` in place of whatever Google's clients raise inside. `what` is a table or a stream."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except GoogleAPICallError as error:
        raise refusal(what, error) from error
    except GoogleAuthError as error:
        raise AccessRefused(f"{what}: Google refuses the credentials: {error}; log in again") from error


def refusal(what: str, error: Any) -> LoaderError:
    """Our error for one of theirs."""
    from google.api_core import exceptions as google

    said = str(error.message or error)
    if isinstance(error, google.NotFound):
        return DeclarationError(f"{what}: not found ({said}); write project.dataset.table as BigQuery shows it")
    for detail in error.errors or ():
        if isinstance(detail, dict) and (known := NO_RIGHT_HELPS.get(str(detail.get("reason")))):
            kind, help_ = known
            return kind(f"{what}: {said}; {help_}")
    if isinstance(error, google.Forbidden | google.Unauthorized):
        return AccessRefused(f"{what}: refused ({said}); ask for {ROLES}")
    if isinstance(error, google.FailedPrecondition) and "expired" in said:
        return SourceUnavailable(f"{what}: {said}; a read session lasts six hours. Begin again, with more streams")
    if isinstance(error, google.BadRequest):
        return DeclarationError(f"{what}: BigQuery does not accept the request: {said}")
    return SourceUnavailable(f"{what}: {type(error).__name__}: {said}")


def is_passing(error: Any) -> bool:
    """True if the same call may well succeed in a moment: the connection broke, or the server asks for patience."""
    from google.api_core import exceptions as google

    if isinstance(error, google.InternalServerError):
        return "RST_STREAM" in str(error.message)  # how Google's front ends end a connection that is old
    passing = (google.ServiceUnavailable, google.Unknown, google.DeadlineExceeded, google.ResourceExhausted)
    return isinstance(error, passing)
