"""The web application put together, and served."""

from __future__ import annotations

import errno
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import uvicorn
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from annotation.api import (
    accounts_pages,
    backend,
    brought_pages,
    coder_pages,
    documentation,
    draw_pages,
    exports,
    health,
    identity,
    lead_reads,
    manage_api,
    manage_pages,
    metrics,
    model_pages,
    monitoring_pages,
    own_pages,
    pages,
    quarantine_api,
    quarantine_pages,
    reads,
    rendering,
    set_pages,
    sign_in,
    webhooks,
)
from annotation.api.access import Access, Doors, ForbiddenError, LoginRequiredError, UnauthorisedError, Visitor
from annotation.api.backend import Dress, Predictor
from annotation.api.exports import Counter
from annotation.api.headers import SecurityHeaders
from annotation.api.inbox import InboxWriter
from annotation.api.insights import Insights
from annotation.api.manage_pages import Office
from annotation.api.monitoring_pages import Observatory
from annotation.api.overview import Overview
from annotation.api.precomputed import Precomputed
from annotation.api.quarantine_pages import Ward
from annotation.api.representations import Problem
from annotation.api.sessions import Lifetime, Sessions
from annotation.api.set_pages import Archive
from annotation.api.sign_in import Entrance
from annotation.api.webhooks import TooLargeError
from annotation.domain.account import Role
from annotation.domain.campaign import Campaign
from annotation.errors import (
    CheckFailedError,
    ConflictError,
    InstallationError,
    InvalidInputError,
    NotFoundError,
    UnreachableError,
    WorkbenchError,
)
from annotation.ledger.unit_of_work import Ledger
from annotation.settings import ServeSettings
from sync import insights, retaking, savings
from sync.settings import Settings

_STATUSES: tuple[tuple[type[WorkbenchError], int], ...] = (
    (UnauthorisedError, 401),
    (ForbiddenError, 403),
    (TooLargeError, 413),
    (NotFoundError, 404),
    (InvalidInputError, 400),
    (ConflictError, 409),
    (CheckFailedError, 422),
    (UnreachableError, 503),
    (InstallationError, 503),
)
_MACHINES = ("/api/", "/webhooks/", "/ml/", "/health", "/metrics", "/openapi.json")
_ABOUT = """
What an annotation campaign has asked, learnt and decided. Every list comes in pages (`limit`, `offset`, `total`).
Errors say what happened (`message`) and what to do (`cure`). Routes under `/api` want a token of your account (made on
its page, or by `awb token create`): `Authorization: Bearer TOKEN`.
"""


def create_app(
    *,
    ledger: Ledger,
    settings: Settings,
    champion: Callable[[], str | None],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    session_secret: str = "",
    predictor: Predictor | None = None,
    dress: Dress | None = None,
) -> FastAPI:
    """The application over an open ledger; ``champion`` names the model version in production (``name/version``).

    Sessions are signed by the settings' secret, else by ``session_secret``, else they end with this application.
    Label Studio's own requests for predictions are answered by ``predictor``, which ``dress`` lets offer candidates.
    """
    serve, language = settings.serve, settings.campaign.language
    access = _access(ledger, serve, clock, session_secret)
    entrance = Entrance(ledger, access, clock, language, serve.oidc.shown)
    overview = Overview(
        ledger,
        champion,
        clock,
        settings.trainingset.name,
        settings.training.model,
        saving=lambda: savings.last(settings),
    )
    inbox = InboxWriter(ledger)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with inbox:
            yield

    app = FastAPI(
        title="Annotation workbench", description=_ABOUT, docs_url=None, redoc_url=None, lifespan=lifespan, version="1"
    )
    app.include_router(health.router(ledger=ledger))
    app.include_router(webhooks.router(inbox=inbox, secret=serve.read_webhook_secret(), clock=clock))
    app.include_router(
        backend.router(predictor=predictor, key=backend.Key(serve.ml_user, serve.read_ml_password()), dress=dress)
    )
    app.include_router(metrics.router(ledger=ledger, access=access, clock=clock))
    app.include_router(reads.router(ledger=ledger, access=access, overview=overview))
    app.include_router(documentation.router())
    app.include_router(sign_in.router(entrance))
    app.include_router(identity.router(entrance, identity.provider_of(serve.oidc, entrance, settings.network.reach)))
    app.include_router(accounts_pages.router(entrance))
    app.include_router(own_pages.router(entrance))
    app.include_router(pages.router(ledger=ledger, access=access, overview=overview, language=language))
    ward = Ward(ledger, access, clock, language, lambda: retaking.all_kinds(today=settings.campaign.nomenclature))
    app.include_router(quarantine_api.router(ward))
    app.include_router(quarantine_pages.router(ward))
    app.include_router(brought_pages.router(access=access, overview=overview))
    app.include_router(coder_pages.router(access=access, overview=overview, language=language))
    counter = Counter(overview, insights.of(ledger, settings).trainingsets, settings.privacy.read_pseudonym_key())
    app.include_router(exports.pages(access=access, counter=counter))
    app.include_router(exports.api(access=access, counter=counter, answers=reads.ANSWERS))
    _add_leads_pages(app, access=access, overview=overview, insights=insights.of(ledger, settings), language=language)
    app.mount("/static", rendering.static_files(), name="static")
    app.add_middleware(SecurityHeaders)
    _answer_errors(app, ledger=ledger, access=access, language=language)
    return app


def _add_leads_pages(app: FastAPI, *, access: Access, overview: Overview, insights: Insights, language: str) -> None:
    observatory = Observatory(overview, insights, Precomputed())
    archive = Archive(overview, insights, Precomputed(), language)
    app.include_router(monitoring_pages.router(access=access, observatory=observatory))
    app.include_router(draw_pages.router(ledger=overview.ledger, access=access))
    app.include_router(set_pages.router(access=access, archive=archive))
    app.include_router(model_pages.router(access=access, archive=archive))
    office = Office(overview.ledger, access, overview.clock, language)
    app.include_router(manage_pages.router(office))
    app.include_router(manage_api.router(office))
    app.include_router(lead_reads.router(access=access, observatory=observatory))


def listen(host: str, port: int) -> socket.socket:
    """The bound socket; ConflictError where the port is taken, InvalidInputError for an address that is not ours."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise ConflictError(f"The port {port} of {host} is taken.", cure="Give another one: --port.") from error
        raise InvalidInputError(
            f"{host}:{port} cannot be served ({error}).", cure="Check --host and --port."
        ) from error


def run(app: FastAPI, listening: socket.socket, settings: ServeSettings) -> None:
    """Serve until interrupted."""
    server(app, settings).run(sockets=[listening])


def server(app: FastAPI, settings: ServeSettings) -> uvicorn.Server:
    """By TLS where the settings name a certificate; InvalidInputError where that cannot be used."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        ssl_certfile=settings.tls_certificate_file,
        ssl_keyfile=settings.tls_key_file,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise InvalidInputError(
            f"The certificate of these pages cannot be used ({error.strerror or error}).",
            cure="Check serve.tls_certificate_file and serve.tls_key_file.",
        ) from error
    return uvicorn.Server(config)


def _access(ledger: Ledger, serve: ServeSettings, clock: Callable[[], datetime], session_secret: str) -> Access:
    doors = Doors(serve.read_tokens(), serve.host, serve.public_url, identity_provider=bool(serve.oidc.issuer))
    lifetime = Lifetime(timedelta(minutes=serve.session_idle_minutes), timedelta(hours=serve.session_hours))
    secret = serve.read_session_secret() or session_secret or secrets.token_urlsafe(48)
    return Access(ledger=ledger, clock=clock, doors=doors, sessions=Sessions(secret, lifetime))


def _answer_errors(app: FastAPI, *, ledger: Ledger, access: Access, language: str) -> None:
    def respond(request: Request, status: int, message: str, cure: str) -> Response:
        if request.url.path.startswith(_MACHINES):
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            return JSONResponse(jsonable_encoder(Problem(message=message, cure=cure)), status, headers)
        visitor = _visitor(access, request) if status in (403, 404) else None
        return rendering.trouble(
            language=language,
            visitor=visitor,
            status=status,
            message=message,
            cure=cure,
            campaigns=_campaigns(ledger) if status == 404 and visitor and visitor.role.reaches(Role.SCIENTIST) else [],
        )

    @app.exception_handler(WorkbenchError)
    def workbench_error(request: Request, error: WorkbenchError) -> Response:
        if isinstance(error, LoginRequiredError):
            return sign_in.login_redirect(request)
        status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
        return respond(request, status, error.message, error.cure)

    @app.exception_handler(RequestValidationError)
    def parameter_error(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        message = f"The parameter {first['loc'][-1]} cannot be taken: {first['msg']}."
        return respond(request, 422, message, "The parameters stand in /docs.")

    @app.exception_handler(StarletteHTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return respond(request, 404, f"There is nothing at {request.url.path}.", "The API's routes stand in /docs.")
        return respond(request, error.status_code, str(error.detail), "")


def _visitor(access: Access, request: Request) -> Visitor | None:
    try:
        return access.visitor(request)
    except WorkbenchError:
        return None


def _campaigns(ledger: Ledger) -> list[Campaign]:
    with ledger.read() as work:
        return work.campaigns.all()
