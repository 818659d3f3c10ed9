"""Web pages, API, database, accounts, files, jobs and command line: the server remembers what the core decides."""

from importlib import metadata


def version() -> str:
    """The installed distribution's version."""
    try:
        return metadata.version("run-franchise")
    except metadata.PackageNotFoundError:
        return "0+unknown"
