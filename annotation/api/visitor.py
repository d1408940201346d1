"""Whoever asks for something."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.domain.account import Role


@dataclass(frozen=True, slots=True)
class Visitor:
    """``name`` is an e-mail address, or empty for a holder of a token of the settings and for whoever sits at this
    machine.

    ``csrf`` comes back with every form, in the field of that name or the header ``X-CSRF-Token``; ``address`` is where
    the request came from. ``signed_in`` is false for whoever just sits at this machine.
    """

    name: str
    role: Role
    account_id: int | None = None
    csrf: str = ""
    address: str = ""
    signed_in: bool = False
