"""A push in a process of its own, which a test may kill."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from multiprocessing.synchronize import Event

from annotation.campaign import push
from annotation.campaign.presenting import Shown
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.ledger.unit_of_work import Ledger


def run(ledger_url: str, campaign_key: str, url: str, token: str, name: str, begun: Event) -> None:
    ledger = Ledger.open(ledger_url)
    with closing(LabelStudioPlatform(url, token, name=name)) as platform:
        begun.set()
        push.push(
            ledger=ledger,
            platform=platform,
            campaign_key=campaign_key,
            shown=Shown({}),
            clock=lambda: datetime.now(UTC),
            batch=100,
            # Not even a moment's rest after a kill: requests still under way on the server must do no harm.
            pause=lambda _: None,
        )
    ledger.close()
