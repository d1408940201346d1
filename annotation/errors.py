"""What can go wrong, said to a person: every error carries what happened and how to cure it."""

from __future__ import annotations

import re

HIDDEN = "********"
_URL_PASSWORD = re.compile(r"(?P<head>\w[\w+.-]*://[^:/@\s]*:)[^/\s]+(?P<tail>@)")


def without_passwords(text: str) -> str:
    """The text with the passwords of the addresses in it hidden."""
    return _URL_PASSWORD.sub(rf"\g<head>{HIDDEN}\g<tail>", text)


class WorkbenchError(Exception):
    """Root of all errors that are shown to a user without a traceback; passwords in addresses are never shown.

    The exit code tells a scheduler the kind: 3 bad input, 4 something named does not exist, 5 a part cannot be
    reached, 6 another run is in the way, 7 a check refused the result, 8 this installation lacks something.
    """

    exit_code = 1

    def __init__(self, message: str, *, cure: str = "") -> None:
        self.message = without_passwords(message)
        super().__init__(self.message)
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.message} {self.cure}".strip()


class InvalidInputError(WorkbenchError):
    exit_code = 3


class InvalidRowError(InvalidInputError):
    """A row of a user's file that cannot be taken."""

    def __init__(self, *, file: str, row: int, reason: str, cure: str = "") -> None:
        super().__init__(f"{file}, row {row}: {reason}", cure=cure)
        self.file = file
        self.row = row
        self.reason = reason


class NotFoundError(WorkbenchError):
    exit_code = 4


class UnreachableError(WorkbenchError):
    """A part outside this process (server, storage, database) does not answer or refuses us."""

    exit_code = 5


class ConflictError(WorkbenchError):
    """Somebody else changed the same thing, or holds it."""

    exit_code = 6


class CheckFailedError(WorkbenchError):
    """A rule that protects the numbers refused to go on; nothing was written."""

    exit_code = 7


class InstallationError(WorkbenchError):
    exit_code = 8
