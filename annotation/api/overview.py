"""A campaign's figures with what only the caller knows: the clock, the champion, the names of the versions.

What an office's ledger needs seconds for is worked out beside the page, once for each state of the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from annotation.api.precomputed import PATIENCE_SECONDS, Precomputed, Shown
from annotation.campaign import brought, progress, standing, trust
from annotation.campaign.brought import Brought, Saving
from annotation.campaign.progress import CampaignProgress
from annotation.campaign.standing import Standing
from annotation.campaign.trust import Trust
from annotation.errors import WorkbenchError
from annotation.ledger.unit_of_work import Ledger, UnitOfWork

# For those who work beside the page.
_LONG = 60.0

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Champion:
    """``trouble`` says why the registry could not be asked; a page is worth reading all the same."""

    version: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Viewed:
    progress: CampaignProgress
    champion: Champion


def no_saving() -> Saving | None:
    """Where no replay was played."""
    return None


@dataclass(frozen=True, slots=True)
class Overview:
    """``saving`` is what the last replay said, which is played above this package."""

    ledger: Ledger
    ask_champion: Callable[[], str | None]
    clock: Callable[[], datetime]
    trainingset: str
    model: str
    saving: Callable[[], Saving | None] = no_saving
    kept: Precomputed[Any] = field(default_factory=lambda: Precomputed(most=48))

    def champion(self) -> Champion:
        try:
            return Champion(self.ask_champion(), None)
        except WorkbenchError as error:
            return Champion(None, str(error))

    def progress(self, key: str) -> Viewed:
        """Everything, as of now: it is waited for, once for each state of the ledger."""
        champion = self.champion()

        def worked_out(_: UnitOfWork) -> CampaignProgress:
            return progress.progress(
                ledger=self.ledger,
                campaign_key=key,
                now=self.clock(),
                champion=champion.version,
                trainingset=self.trainingset,
                model=self.model,
            )

        shown = self._asked(("progress", key), worked_out, champion.version, patience=_LONG)
        if shown.value is None or not shown.fresh:
            with self.ledger.read() as work:
                return Viewed(worked_out(work), champion)
        return Viewed(replace(shown.value, as_of=self.clock()), champion)

    def standing(self, key: str, *, patience: float | None = None) -> Shown[Standing]:
        return self._asked(
            ("standing", key), lambda work: standing.standing(work, key, now=self.clock()), patience=patience
        )

    def trust(self, key: str, *, patience: float | None = None) -> Shown[Trust]:
        return self._asked(("trust", key), lambda work: trust.of_campaign(work, key), patience=patience)

    def all(self, key: str, champion: str | None) -> tuple[Shown[Standing], Shown[Brought], Shown[Trust]]:
        """All of them, waiting for them together no longer than for one."""
        self.standing(key, patience=0)
        self.brought(key, champion, patience=0)
        self.trust(key, patience=0)
        until = time.monotonic() + PATIENCE_SECONDS
        return (
            self.standing(key),
            self.brought(key, champion, patience=max(0.0, until - time.monotonic())),
            self.trust(key, patience=max(0.0, until - time.monotonic())),
        )

    def brought(self, key: str, champion: str | None, *, patience: float | None = None) -> Shown[Brought]:
        def worked_out(work: UnitOfWork) -> Brought:
            stands = self.standing(key, patience=_LONG)
            return brought.brought(
                work,
                stands.value or standing.standing(work, key, now=self.clock()),
                champion=champion,
                trainingset=self.trainingset,
                model=self.model,
                saving=self.saving(),
            )

        return self._asked(("brought", key), worked_out, champion, patience=patience)

    def _asked(
        self,
        name: tuple[str, str],
        compute: Callable[[UnitOfWork], _Value],
        *marks: Hashable,
        patience: float | None,
    ) -> Shown[_Value]:
        """As of the ledger's state and the day; NotFoundError where there is no such campaign."""

        def computed() -> _Value:
            with self.ledger.read() as work:
                return compute(work)

        with self.ledger.read() as work:
            work.campaigns.get(name[1])
            mark = (work.tallies.watermark(), self.clock().date(), *marks)
        return self.kept.get(name, mark, computed, patience=patience)
