"""The one base of every error that Obit raises on purpose; each says what is wrong and what to do.

`cli.main` is the only place that catches `ObitError`: it prints `str(error)` as one sentence on
standard error and exits with `error.exit_status` (the numbers are those of the interface).
"""


class ObitError(Exception):
    """Something that Obit can explain. `str()` is one sentence: what is wrong, then what to do."""

    exit_status = 1


class NothingFound(ObitError):
    """The question was right and the answer is empty."""

    exit_status = 1


class UsageError(ObitError):
    """The command line or the configuration asks for something that makes no sense."""

    exit_status = 2


class EnvironmentLacks(ObitError):
    """This machine lacks something; `obit doctor` says what."""

    exit_status = 3


class BadInput(ObitError):
    """A file that was given is not what it should be."""

    exit_status = 4
