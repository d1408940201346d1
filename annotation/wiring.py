"""What this package does, on parts that somebody opened for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from annotation.campaign import imports, pull, push, routing, team
from annotation.campaign.imports import ImportResult
from annotation.campaign.ports import Platform
from annotation.campaign.presenting import Shown
from annotation.campaign.pull import PullResult
from annotation.campaign.push import PushResult
from annotation.domain.campaign import Campaign
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.settings import AnnotationSettings, CampaignSettings

OnProgress = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """The progress callback of someone who does not listen."""


def clock() -> datetime:
    return datetime.now(UTC)


class Desk(Protocol):
    """The parts that annotation works with; ``platform`` may start a server when it is first asked for."""

    @property
    def settings(self) -> AnnotationSettings: ...

    @property
    def home(self) -> Path: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def platform(self) -> Platform: ...


@dataclass(frozen=True, slots=True)
class Prepared:
    nomenclatures: tuple[ImportResult, ...]
    correspondences: tuple[ImportResult, ...]
    campaign: Campaign


def prepare(desk: Desk) -> Prepared:
    """Import the configured nomenclatures and correspondences, and make the configured campaign."""
    settings, folder, reach = desk.settings, desk.home / "downloads", desk.settings.network.reach
    nomenclatures = tuple(
        imports.import_nomenclature(ledger=desk.ledger, source=source, folder=folder, now=clock(), reach=reach)
        for source in settings.nomenclatures
    )
    correspondences = tuple(
        imports.import_correspondence(ledger=desk.ledger, source=source, folder=folder, now=clock(), reach=reach)
        for source in settings.correspondences
    )
    return Prepared(nomenclatures, correspondences, create_campaign(desk, settings.campaign))


def nomenclature(desk: Desk) -> Nomenclature:
    """The one that the settings name for the campaign."""
    with desk.ledger.read() as work:
        return work.nomenclatures.get(_named(desk.settings.campaign))


def _named(settings: CampaignSettings) -> str:
    if not settings.nomenclature:
        raise InvalidInputError(
            "No nomenclature is named.",
            cure="Set campaign.nomenclature in awb.toml of the home folder, or in the file that --config names.",
        )
    return settings.nomenclature


def create_campaign(desk: Desk, settings: CampaignSettings) -> Campaign:
    """The campaign of the settings, made when it is missing."""
    with desk.ledger.begin() as work:
        nomenclature = work.nomenclatures.get(_named(settings))
        campaign = Campaign(settings.key, settings.title, nomenclature.key, settings.language, clock())
        if work.campaigns.add(campaign):
            work.policies.set(campaign.key, settings.policy, by="settings", now=clock())
            work.events.add("campaign", campaign.key, now=clock())
        return work.campaigns.get(campaign.key)


def push_tasks(
    desk: Desk, campaign_key: str, *, replace_deleted: bool = False, on_progress: OnProgress = silent
) -> PushResult:
    """Decide who is asked what, and bring it to the platform."""
    settings = desk.settings.campaign
    routing.route(ledger=desk.ledger, campaign_key=campaign_key, now=clock())
    return push.push(
        ledger=desk.ledger,
        platform=desk.platform,
        campaign_key=campaign_key,
        shown=Shown(
            settings.show_variables,
            reason=settings.show_reason,
            prefill=settings.prefill,
            values=settings.variable_titles,
        ),
        clock=clock,
        batch=desk.settings.labelstudio.batch,
        replace_deleted=replace_deleted,
        on_progress=on_progress,
    )


def pull_judgements(
    desk: Desk, campaign_key: str, *, full: bool = False, on_progress: Callable[[int], None] = lambda _n: None
) -> PullResult:
    _require_campaign(desk, campaign_key)
    return pull.pull(
        ledger=desk.ledger,
        platform=desk.platform,
        campaign_key=campaign_key,
        clock=clock,
        full=full,
        on_progress=on_progress,
    )


def pseudonym(desk: Desk, who: str) -> str:
    """Of a coder named by pseudonym, or by the e-mail address with which they joined the platform."""
    if "@" not in who:
        return who
    return team.pseudonym(ledger=desk.ledger, platform=desk.platform, email=who, now=clock())


def _require_campaign(desk: Desk, key: str) -> None:
    """Before a server is started for nothing."""
    with desk.ledger.read() as work:
        work.campaigns.get(key)
