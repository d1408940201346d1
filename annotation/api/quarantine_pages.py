"""The page of what was set aside: what it is, why, and what to do with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from annotation.api import audit, rendering
from annotation.api.access import Access, CurrentVisitor, Visitor
from annotation.api.forms import CurrentFields, Fields
from annotation.api.manage_pages import author
from annotation.campaign import quarantining
from annotation.campaign.quarantining import Retake, RetryResult
from annotation.domain.account import Role
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger

ROWS: Final = 50
_SHOWN: Final = 2_000
_MOST: Final = 1_000

PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]
Kind = Annotated[str, Query(max_length=32)]
Reason = Annotated[str, Query(max_length=200)]
Every = Annotated[bool, Query(alias="all")]
Count = Annotated[int | None, Query(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class Ward:
    """What the routes need; ``retakes`` are by kind."""

    ledger: Ledger
    access: Access
    clock: Callable[[], datetime]
    language: str
    retakes: Callable[[], Mapping[str, Retake]]

    def retry(self, visitor: Visitor, ids: Sequence[int]) -> RetryResult:
        result = quarantining.retry(
            ledger=self.ledger, retakes=self.retakes(), ids=ids, by=author(visitor), clock=self.clock
        )
        self._note(visitor, "quarantine_retry", ids, {"taken": len(result.taken), "refused": len(result.refused)})
        return result

    def drop(self, visitor: Visitor, ids: Sequence[int], reason: str) -> int:
        now = self.clock()
        dropped = quarantining.drop(ledger=self.ledger, ids=ids, reason=reason, by=author(visitor), now=now)
        self._note(visitor, "quarantine_drop", ids, {"reason": reason, "dropped": dropped})
        return dropped

    def _note(self, visitor: Visitor, action: str, ids: Sequence[int], detail: Mapping[str, Any]) -> None:
        with self.ledger.begin() as work:
            audit.record(work, visitor, action, ", ".join(map(str, ids))[:100], now=self.clock(), detail=detail)


def router(ward: Ward) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    reads = Depends(ward.access.page(Role.SCIENTIST))
    writes = Depends(ward.access.form(Role.LEAD))

    @routes.get("/quarantine", dependencies=[reads])
    def quarantine(
        visitor: CurrentVisitor,
        kind: Kind = "",
        reason: Reason = "",
        every: Every = False,
        number: PageNumber = 1,
        taken: Count = None,
        refused: Count = None,
        dropped: Count = None,
    ) -> HTMLResponse:
        told = {"taken": taken, "refused": refused, "dropped": dropped}
        return _page(ward, visitor, kind=kind, reason=reason, every=every, number=number, told=told)

    @routes.post("/quarantine", dependencies=[writes])
    def change(visitor: CurrentVisitor, fields: CurrentFields) -> Response:
        ids = _ids(fields)
        try:
            if fields.get("action") == "drop":
                told: dict[str, Any] = {"dropped": ward.drop(visitor, ids, fields.get("why", ""))}
            else:
                result = ward.retry(visitor, ids)
                told = {"taken": len(result.taken), "refused": len(result.refused)}
        except InvalidInputError as error:
            return _page(ward, visitor, trouble=str(error), told={})
        kept = {name: fields.get(name, "") for name in ("kind", "reason") if fields.get(name)}
        return RedirectResponse(f"/quarantine?{urlencode(kept | told)}", status_code=303)

    return routes


def _page(
    ward: Ward,
    visitor: Visitor,
    *,
    told: Mapping[str, int | None],
    kind: str = "",
    reason: str = "",
    every: bool = False,
    number: int = 1,
    trouble: str = "",
) -> HTMLResponse:
    chosen: dict[str, Any] = {"kind": kind or None, "reason": reason, "waiting": not every}
    with ward.ledger.read() as work:
        kinds = work.quarantine.by_kind()
        total = work.quarantine.count(**chosen)
        rows = work.quarantine.list(**chosen, limit=ROWS, offset=(number - 1) * ROWS)
    filters = {"kind": kind, "reason": reason} | ({"all": "true"} if every else {})
    values = {
        "kinds": kinds,
        "kind": kind,
        "reason": reason,
        "every": every,
        "rows": [(one, _excerpt(one.item.raw)) for one in rows],
        "total": total,
        "first": (number - 1) * ROWS + 1,
        "last": (number - 1) * ROWS + len(rows),
        "page": number,
        "more": total > number * ROWS,
        "before": f"/quarantine?{urlencode(filters | {'page': number - 1})}",
        "after": f"/quarantine?{urlencode(filters | {'page': number + 1})}",
        "may_change": visitor.role.reaches(Role.LEAD),
        "told": told,
        "trouble": trouble,
    }
    status = 422 if trouble else 200
    return rendering.render("quarantine.html", visitor=visitor, language=ward.language, status=status, values=values)


def _ids(fields: Fields) -> list[int]:
    given = fields.all("id")
    if not given or len(given) > _MOST or not all(one.isascii() and one.isdigit() and len(one) < 10 for one in given):
        raise InvalidInputError("No row was chosen.", cure="Tick the rows on the page first.")
    return [int(one) for one in given]


def _excerpt(raw: Mapping[str, Any]) -> str:
    written = json.dumps(dict(raw), ensure_ascii=False)
    return written if len(written) <= _SHOWN else f"{written[:_SHOWN]}…"
