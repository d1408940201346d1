"""The links at the head of every page: one line for each, shown to those whose role reaches it."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.api.visitor import Visitor
from annotation.domain.account import Role


@dataclass(frozen=True, slots=True)
class Link:
    """``word`` is a key of the words of the pages."""

    path: str
    word: str
    role: Role


LINKS = (
    Link("/", "campaigns", Role.SCIENTIST),
    Link("/me", "coder_me", Role.CODER),
    Link("/quarantine", "quarantine_title", Role.SCIENTIST),
    Link("/accounts", "login_accounts", Role.ADMIN),
    Link("/audit", "login_audit", Role.ADMIN),
    Link("/docs", "api", Role.CODER),
)


# Below the address of a campaign.
CAMPAIGN_LINKS = (
    Link("", "campaign_overview", Role.SCIENTIST),
    Link("/brought", "brought", Role.SCIENTIST),
    Link("/coders", "coder_pages", Role.SCIENTIST),
    Link("/monitoring", "monitoring", Role.SCIENTIST),
    Link("/draws", "draws", Role.SCIENTIST),
    Link("/exports", "export_title", Role.SCIENTIST),
    Link("/manage", "manage_title", Role.LEAD),
)


def of_campaign(visitor: Visitor | None) -> tuple[Link, ...]:
    return tuple(link for link in CAMPAIGN_LINKS if visitor is not None and visitor.role.reaches(link.role))


def of(visitor: Visitor | None) -> tuple[Link, ...]:
    """What the visitor may open; before somebody has signed in, the API's documentation alone."""
    if visitor is None:
        return tuple(link for link in LINKS if link.path == "/docs")
    return tuple(link for link in LINKS if visitor.role.reaches(link.role))
