"""Why somebody is not let in."""

from __future__ import annotations

from annotation.errors import WorkbenchError


class UnauthorisedError(WorkbenchError):
    """No token, or one that we don't know."""


class ForbiddenError(WorkbenchError):
    """Known, but not allowed to."""


class LoginRequiredError(WorkbenchError):
    """A page was asked for by somebody who has not signed in."""
