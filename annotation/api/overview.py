"""The campaign's progress with what only the caller knows: the clock, the champion, the names of the versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from annotation.campaign import progress
from annotation.campaign.progress import CampaignProgress
from annotation.errors import WorkbenchError
from annotation.ledger.unit_of_work import Ledger


@dataclass(frozen=True, slots=True)
class Champion:
    """``trouble`` says why the registry could not be asked; a page is worth reading all the same."""

    version: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Viewed:
    progress: CampaignProgress
    champion: Champion


@dataclass(frozen=True, slots=True)
class Overview:
    ledger: Ledger
    ask_champion: Callable[[], str | None]
    clock: Callable[[], datetime]
    trainingset: str
    model: str

    def champion(self) -> Champion:
        try:
            return Champion(self.ask_champion(), None)
        except WorkbenchError as error:
            return Champion(None, str(error))

    def progress(self, key: str) -> Viewed:
        champion = self.champion()
        viewed = progress.progress(
            ledger=self.ledger,
            campaign_key=key,
            now=self.clock(),
            champion=champion.version,
            trainingset=self.trainingset,
            model=self.model,
        )
        return Viewed(viewed, champion)
