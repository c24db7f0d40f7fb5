"""What to do about an error of BigQuery: its own message says what was refused, seldom what would help."""

from collections.abc import Iterator

from loaders.errors import LoaderError, causes

ADVICE = {  # by BigQuery's own reason
    "accessDenied": "grant whoever asks roles/bigquery.jobUser on project {project} and roles/bigquery.dataEditor on "
    "its datasets",
    "billingNotEnabled": "enable billing for project {project}; the sandbox without it has no DML",
    "quotaExceeded": "a quota of project {project} is used up; wait until it is refilled, or ask for more",
    "rateLimitExceeded": "too many requests at once; run the same command again in a minute",
    "bytesBilledLimitExceeded": "the query would read more than MILLRACE_BIGQUERY_MAX_BYTES; raise it if that is meant",
    "notFound": "see that project {project} exists and that its datasets lie in {location} "
    "(MILLRACE_BIGQUERY_LOCATION)",
}


def advice(error: BaseException, project: str, location: str) -> str:
    """What to do, to be written after the error's own message. Empty where the reason is unknown."""
    reasons = " ".join(_reasons(error))
    for reason, help_ in ADVICE.items():
        if reason in reasons:
            return f" ({reason}: {help_.format(project=project, location=location)})"
    return ""


def _reasons(error: BaseException) -> Iterator[str]:
    """The reasons that the errors of a chain give; dlt only repeats them in its text."""
    for one in causes(error):
        if not isinstance(one, LoaderError):  # which has said already what to do
            for detail in getattr(one, "errors", None) or ():
                yield str(detail.get("reason"))
            yield str(one)
