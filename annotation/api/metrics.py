"""What Prometheus reads, and from what an alarm can be raised: work left, pulls that fail to come, webhooks lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from annotation.api.access import Access, LoginRequiredError, UnauthorisedError, Visitor
from annotation.domain.account import Role, Scope
from annotation.ledger.repositories.gauges import Gauges
from annotation.ledger.unit_of_work import Ledger

if TYPE_CHECKING:
    from prometheus_client import Metric

PATH: Final = "/metrics"
_BEARER: Final = HTTPBearer(auto_error=False, description="A token of `awb token create`, or one of `serve.tokens`.")


def router(*, ledger: Ledger, access: Access, clock: Callable[[], datetime]) -> APIRouter:
    """A registry of its own for each application, asked anew at each request."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    class Ledgered(Collector):
        def collect(self) -> Iterator[Metric]:
            with ledger.read() as work:
                yield from _metrics(work.gauges, clock())

        def describe(self) -> list[Metric]:
            return []

    registry = CollectorRegistry()
    registry.register(Ledgered())
    routes = APIRouter(tags=["metrics"], dependencies=[Depends(_watcher(access))])

    @routes.get(PATH, summary="Figures for Prometheus", response_class=Response)
    def metrics() -> Response:
        """In the text format. For holders of a token; without accounts and tokens, for this machine."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes


def _watcher(access: Access) -> Callable[..., Visitor]:
    """Who may read: as on the API, and whoever sits at this machine while nobody has access otherwise."""
    by_token, by_page = access.api(Role.SCIENTIST, Scope.READ), access.page(Role.SCIENTIST)

    def visitor(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> Visitor:
        if credentials is not None:
            return by_token(request, credentials)
        try:
            found = by_page(request)
        except LoginRequiredError:
            found = None
        if found is None or found.signed_in:
            raise UnauthorisedError(
                "A known token is missing.",
                cure="Let Prometheus send one: authorization.credentials of its scrape job.",
            )
        return found

    return visitor


def _metrics(gauges: Gauges, now: datetime) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    tasks = GaugeMetricFamily("awb_tasks", "Tasks of a campaign by state.", labels=["campaign", "state"])
    for campaign, load in gauges.workloads().items():
        for state, number in (("asked", load.asked), ("done", load.done), ("outstanding", load.asked - load.done)):
            tasks.add_metric([campaign, state], number)
    yield tasks
    since = GaugeMetricFamily("awb_pull_age_seconds", "Time since the last pull.", labels=["campaign"])
    for campaign, moment in gauges.pulled_at().items():
        since.add_metric([campaign], (now - moment).total_seconds())
    yield since
    lag = GaugeMetricFamily(
        "awb_pull_lag_seconds",
        "Time that the newest change of the last pull with changes took from Label Studio to the ledger.",
        labels=["campaign"],
    )
    for campaign, seconds in gauges.lags().items():
        lag.add_metric([campaign], seconds)
    yield lag
    lost = CounterMetricFamily(
        "awb_webhooks_lost", "Changes found by pulls that no webhook had announced.", labels=["campaign"]
    )
    for campaign, number in gauges.unannounced().items():
        lost.add_metric([campaign], number)
    yield lost
    inbox = gauges.inbox()
    yield GaugeMetricFamily("awb_webhooks_waiting", "Webhooks that no pull has looked at.", value=inbox.waiting)
    age = (now - inbox.oldest).total_seconds() if inbox.oldest else 0.0
    yield GaugeMetricFamily("awb_webhooks_oldest_seconds", "Age of the oldest of them.", value=age)
    kept = GaugeMetricFamily("awb_quarantine_rows", "What was set aside, by kind.", labels=["kind"])
    for kind, number in gauges.quarantined().items():
        kept.add_metric([kind], number)
    yield kept
