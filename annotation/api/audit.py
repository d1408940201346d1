"""Writing down who did what through the pages and the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from annotation.api.visitor import Visitor
from annotation.ledger.unit_of_work import UnitOfWork


def record(
    work: UnitOfWork,
    visitor: Visitor,
    action: str,
    subject: str,
    *,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    address: str = "",
) -> None:
    """``action`` is a word such as ``campaign_pause``, ``subject`` the key of what was changed."""
    work.audit.record(
        action,
        subject,
        now=now,
        account_id=visitor.account_id,
        detail=detail,
        address=address or visitor.address,
    )
