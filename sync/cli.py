"""The command `awb`: the commands of every package put together."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from annotation import cli as annotation
from annotation import terminal
from annotation import wiring as annotation_wiring
from annotation.api import sessions
from annotation.campaign.progress import progress
from annotation.commands import (
    accounts,
    agreement,
    campaign_policy,
    coders,
    exports,
    gold,
    personal_data,
    privacy,
    quarantine,
    relook,
)
from annotation.errors import CheckFailedError, InvalidInputError, UnreachableError, without_passwords
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock
from sampling import cli as sampling
from sampling.drift import cli as drift
from sampling.replay import cli as replay
from sync import doctor as doctors
from sync import homefile, steps
from sync import turn as turns
from sync.backups import cli as backups
from sync.configs_folder import configs_folder
from sync.homefile import DEFAULT_HOME, HOME_CONFIG
from sync.relabel import cli as relabel
from sync.settings import IntakeSource
from sync.training import cli as training
from sync.trainingset import cli as trainingset
from sync.turn import TurnResult
from sync.wiring import Workbench

app = typer.Typer(
    no_args_is_help=True,
    help="Continuous annotation and active learning for people who code short texts into an official nomenclature.",
    epilog="Start with: awb demo. Then: awb init, awb doctor, awb turn.",
    pretty_exceptions_enable=False,
)
texts = typer.Typer(no_args_is_help=True, help="Bring texts in.")
configuration = typer.Typer(no_args_is_help=True, help="Settings in force.")

_GISTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "arrive": lambda r: f"{r['texts']} new texts, {r['labels']} labels, {r['quarantined']} quarantined",
    "first_model": lambda r: f"{r['champion']}, {'trained' if r['new'] else 'there already'}",
    "score": lambda r: f"{r['scored']} texts scored, {r['unscored']} without a known word",
    "calibrate": lambda r: f"{', '.join(r['applied']) or 'as it is'}, from {r['labels']} labels of the audit",
    "drift": lambda r: f"{len(r['codes'])} codes and {len(r['words'])} words moved",
    "draw": lambda r: f"{r['tasks']} tasks: " + ", ".join(f"{n} {name}" for name, n in r["components"].items()),
    "push": lambda r: f"{r['pushed']} tasks pushed",
    "simulate": lambda r: f"{r['answered']} tasks answered",
    "pull": lambda r: f"{r['new']} new judgements, {r['edited']} edited, {r['quarantined']} quarantined",
    "trainingset": lambda r: f"{r['tag']}, {r['rows']} rows: {r['added']} added, {r['removed']} removed",
    "train": lambda r: f"{r['model_version']} on {r['trainingset_tag']}",
    "promote": lambda r: str(r["reason"]),
    "relabel": lambda r: f"{r['univocal']} labels by the table, {r['pending']} pending",
}

app.add_typer(annotation.nomenclature, name="nomenclature")
app.add_typer(annotation.correspondence, name="correspondence")
app.add_typer(annotation.campaign, name="campaign")
app.add_typer(coders.coder, name="coder")
coders.coder.command("export")(personal_data.coder_export)
coders.coder.command("forget")(personal_data.coder_forget)
app.add_typer(gold.gold, name="gold")
app.add_typer(quarantine.quarantine, name="quarantine")
app.add_typer(accounts.account, name="account")
app.add_typer(accounts.token, name="token")
app.add_typer(privacy.privacy, name="privacy")
app.add_typer(texts, name="texts")
app.add_typer(trainingset.app, name="trainingset")
app.add_typer(relabel.app, name="relabel")
app.add_typer(configuration, name="config")
for command in (
    sampling.score,
    sampling.calibrate,
    drift.drift,
    sampling.draw,
    replay.replay,
    annotation.push,
    annotation.pull,
    training.train,
    training.evaluate,
    training.promote,
    agreement.agreement,
    backups.backup,
    backups.restore,
):
    app.command()(command)


annotation.campaign.command("anchoring")(agreement.anchoring)
annotation.campaign.command("relook")(relook.campaign_relook)
annotation.campaign.command()(campaign_policy.policy)
annotation.campaign.command()(campaign_policy.pause)
annotation.campaign.command()(campaign_policy.resume)
annotation.campaign.command()(campaign_policy.extend)
annotation.campaign.command()(exports.export)


def main() -> None:
    terminal.run(app)


@app.callback()
def root(context: typer.Context) -> None:
    context.obj = open_workbench


@contextmanager
def open_workbench(config: Path | None, home: Path | None, on_progress: Callable[[str], None]) -> Iterator[Workbench]:
    with Workbench(homefile.load(config, home), on_progress=on_progress) as bench:
        yield bench


@app.command()
def init(
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Make the home folder with a commented awb.toml, and bring the ledger to the newest revision.

    With --config, that file is used and none is written. What is there already is left as it is.
    """
    folder = home or DEFAULT_HOME
    remembered = folder / HOME_CONFIG
    if config is None and not remembered.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(configs_folder() / "default.toml", remembered)
        except OSError as error:
            raise UnreachableError(
                f"{remembered} cannot be written ({error.strerror}).", cure="Check --home."
            ) from error
    settings = homefile.load(config, home)
    with Workbench(settings) as bench:
        revision = bench.migrate()
        ready = settings.campaign.nomenclature in {source.key for source in settings.nomenclatures}
        imported = annotation_wiring.prepare(bench) if ready else None
    data = {
        "home": str(settings.home),
        "config": str(config or remembered),
        "ledger_revision": revision,
        "campaign": imported.campaign.key if imported else None,
    }
    text = f"The ledger is at revision {revision}. Settings: {data['config']}. Next: awb doctor"
    terminal.emit(output, data, text)


@app.command()
def doctor(context: typer.Context, config: Config = None, home: Home = None, output: Format = Output.TEXT) -> None:
    """Check each part (ledger, storage, Label Studio, MLflow, nomenclatures) and say what to do."""
    with terminal.opened(context, config, home) as bench:
        findings = doctors.examine(bench)
    rows = [[one.part, "well" if one.healthy else "SICK", one.message, one.cure] for one in findings]
    terminal.emit(output, doctors.as_dict(findings), terminal.table("", ["part", "state", "", "what to do"], rows))
    if not all(one.healthy for one in findings):
        raise typer.Exit(CheckFailedError.exit_code)


@configuration.command("show")
def config_show(config: Config = None, home: Home = None, output: Format = Output.TEXT) -> None:
    """Every setting in force, secrets hidden."""
    shown = homefile.load(config, home).shown()
    rows = [[name, value] for name, value in _flat(shown)]
    terminal.emit(output, shown, terminal.table("", ["setting", "value"], rows))


@texts.command("import")
def texts_import(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="CSV or Parquet file, or a folder or s3:// prefix of them.")],
    source: Annotated[str, typer.Option(help="Name of the register; with the id it makes a row known.")] = "register",
    text: Annotated[str, typer.Option(help="Column of the text.")] = "libelle",
    id_column: Annotated[str, typer.Option("--id", help="Column of the id. Default: file name and row.")] = "",
    date: Annotated[str, typer.Option(help="Column of the date (ISO). Default: now.")] = "",
    code: Annotated[str, typer.Option(help="Column of the code.")] = "",
    coded: Annotated[bool, typer.Option("--coded", help="The codes are settled: they become labels.")] = False,
    variables: Annotated[list[str] | None, typer.Option("--variable", help="Auxiliary column; repeatable.")] = None,
    codes: Annotated[str, typer.Option(help="Column of predicted codes, best first, between bars.")] = "",
    probabilities: Annotated[str, typer.Option(help="Column of their probabilities.")] = "",
    model_version: Annotated[str, typer.Option(help="Model of these predictions, as name/version.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Bring texts in: bare, with their codes, or with predictions of another model.

    Rows that cannot be taken are quarantined with file, row and reason; the others come in. Run again, nothing doubles.
    Example: awb texts import declarations.csv --id liasse_numero --date date_modification --variable liasse_type
    """
    described = IntakeSource(
        path=path,
        source=source,
        text=text,
        id=id_column,
        date=date,
        code=code,
        coded=coded,
        variables=tuple(variables or ()),
        codes=codes,
        probabilities=probabilities,
        model_version=model_version,
    )
    if coded and not code:
        raise InvalidInputError("--coded wants the column of the codes.", cure="Name it with --code.")
    with terminal.opened(context, config, home) as bench, terminal.counting("rows") as on_progress:
        result = steps.take_file(bench, described, on_progress=lambda rows: on_progress(rows, rows))
    told = (
        f"{result.rows} rows: {result.texts} new texts, {result.declarations} new declarations, "
        f"{result.labels} labels, {result.predictions} predictions, {result.quarantined} quarantined."
    )
    terminal.emit(output, asdict(result), told)


@annotation.campaign.command("show")
def campaign_show(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Default: campaign.key of the settings.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Asked, done and outstanding, by component and coder; accuracy; versions. The same as a page: awb serve."""
    with terminal.opened(context, config, home) as bench:
        shown = progress(
            ledger=bench.ledger,
            campaign_key=key or bench.settings.campaign.key,
            now=clock(),
            champion=bench.champion(),
            trainingset=bench.settings.trainingset.name,
            model=bench.settings.training.model,
        )
    components = [[name.value, c.asked, c.done, c.waiting, c.outstanding] for name, c in shown.components.items()]
    coders = [[c.coder, c.done, c.unclassifiable, c.waiting] for c in shown.coders]
    measured = shown.champion.estimate.as_dict() if shown.champion.estimate else None
    terminal.emit(
        output,
        asdict(shown),
        terminal.table(shown.campaign.title, ["component", "asked", "done", "put off", "open"], components),
        terminal.table("Coders", ["coder", "done", "unclassifiable", "put off"], coders),
        f"Champion {shown.champion.model_version or 'none'}: accuracy {terminal.interval(measured)}",
    )


@app.command()
def simulate(
    context: typer.Context,
    truth: Annotated[str, typer.Option(help="CSV or Parquet file of texts with their true codes.")] = "",
    text: Annotated[str, typer.Option(help="Its column of texts.")] = "",
    code: Annotated[str, typer.Option(help="Its column of codes; empty: the text has none.")] = "",
    coders: Annotated[int | None, typer.Option(min=1, help="How many. Default: simulate.coders.")] = None,
    error_rate: Annotated[float | None, typer.Option(min=0, max=1, help="Share of wrong codes.")] = None,
    skip_rate: Annotated[float | None, typer.Option(min=0, max=1, help="Share put off for later.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same answers.")] = None,
    campaign_key: annotation.CampaignKey = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Let simulated coders answer the open tasks through Label Studio's API: for rehearsals only."""
    given = {
        "truth_path": truth,
        "truth_text": text,
        "truth_code": code,
        "coders": coders,
        "error_rate": error_rate,
        "skip_rate": skip_rate,
        "seed": seed,
    }
    with terminal.opened(context, config, home) as bench, terminal.counting("answering") as on_progress:
        settings = bench.settings.simulate.model_copy(
            update={name: value for name, value in given.items() if value not in (None, "")}
        )
        key = campaign_key or bench.settings.campaign.key
        result = steps.simulate_coders(bench, key, settings=settings, on_progress=on_progress)
    told = (
        f"{result.answered} tasks answered: {result.coded} coded ({result.wrong} wrong on purpose), "
        f"{result.unclassifiable} unclassifiable, {result.skipped} skipped; "
        f"{result.unknown} not in the file of true codes."
    )
    terminal.emit(output, asdict(result), told)


@app.command()
def turn(context: typer.Context, config: Config = None, home: Home = None, output: Format = Output.TEXT) -> None:
    """Run one turn of the loop, or go on with the one that was stopped or waits for coders. What a scheduler calls.

    Each finished step is recorded, so that running it again after a kill, a failure or the coders' work goes on from
    there and does nothing twice.
    """
    with terminal.opened(context, config, home) as bench, terminal.counting("this step") as on_progress:
        result = turns.turn(bench, on_step=tell_step, on_progress=on_progress)
        urls = urls_of(bench)
    whole = result.as_dict()
    relabelled = whole["steps"].get("relabel", {})
    data = {
        "turns": [{name: value for name, value in whole.items() if name != "steps"}],
        "urls": urls,
        "relabel": {name: relabelled.get(name, 0) for name in ("univocal", "multivocal", "pending")},
    }
    terminal.emit(output, data, *_told(result))


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Default: serve.host.")] = "",
    port: Annotated[int, typer.Option(help="Default: serve.port.")] = 0,
    label_studio: Annotated[
        bool, typer.Option("--label-studio", help="Keep our own Label Studio up meanwhile, for people to annotate.")
    ] = False,
    register: Annotated[bool, typer.Option(help="Ask Label Studio to send its webhooks here.")] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Serve the campaign page, the API and the receiver of Label Studio's webhooks, until interrupted."""
    from sync import app as web
    from sync import predictor as predictors

    with terminal.opened(context, config, home) as bench, ExitStack() as held:
        given = {name: value for name, value in (("host", host), ("port", port)) if value}
        settings = bench.settings.model_copy(update={"serve": bench.settings.serve.model_copy(update=given)})
        scheme = "https" if settings.serve.tls_certificate_file else "http"
        address = settings.serve.public_url or f"{scheme}://{settings.serve.host}:{settings.serve.port}"
        if register:
            steps.register_webhook(bench, address)
        # Before anything listens: a ledger that cannot be used is told, not served.
        ledger = bench.ledger
        listening = held.enter_context(web.listen(settings.serve.host, settings.serve.port))
        dresses = label_studio or bool(settings.labelstudio.url)
        application = web.create_app(
            ledger=ledger,
            settings=settings,
            champion=bench.champion,
            session_secret=sessions.secret_for(settings.serve, home=bench.home),
            predictor=predictors.of(bench, dresses=dresses),
            dress=predictors.dresser(bench) if dresses else None,
        )
        own = bench.server if label_studio else None
        account = own.account if own else None
        told = [f"Campaign page and API: {address}  (Ctrl-C stops)"]
        if own and account:
            told.append(f"Label Studio: {own.url}, log in as {account.email} with the password {account.password}")
        with ledger.read() as work:
            is_open = not (settings.serve.read_tokens() or settings.serve.oidc.issuer or work.accounts.exist())
        if is_open:
            told.append(
                "Without accounts (awb account add) and AWB_SERVE__TOKENS the pages answer to this machine alone, "
                "and the API to nobody."
            )
        terminal.emit(output, {"url": address, "label_studio": own.url if own else None}, *told)
        web.run(application, listening, settings.serve)


@app.command()
def demo(
    home: Home = None,
    once: Annotated[bool, typer.Option("--once", help="Stop the servers at the end.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew; a demo that is there is thrown away.")] = False,
    output: Format = Output.TEXT,
) -> None:
    """Run the whole loop on this machine: a small register of French business descriptions, real servers, one turn.

    Takes some minutes; the first run installs Label Studio. On a terminal the servers stay up until Ctrl-C, so that you
    can look around. Run again, it goes on with another month of declarations.
    """
    from sync.demo import demo as demos
    from sync.demo import summary as summaries

    with demos.opened(home=home or DEFAULT_HOME, fresh=fresh, on_message=terminal.say, on_step=tell_step) as running:
        with terminal.counting("this step") as on_progress:
            result = running.run(on_progress=on_progress)
        terminal.emit(output, result.as_dict(), *summaries.render(result))
        if not once and sys.stdout.isatty():
            terminal.say("The servers stay up. Ctrl-C stops them.")
            running.wait()


def tell_step(name: str, result: dict[str, Any] | None) -> None:
    """A line on standard error when a step begins, and one with what it gave when it is done."""
    if result is None:
        terminal.say(f"{clock():%H:%M:%S} {name.replace('_', ' ')} ...")
    else:
        terminal.say(f"{clock():%H:%M:%S} {name.replace('_', ' ')}: {_GISTS[name](result)}")


def urls_of(bench: Workbench) -> dict[str, str | None]:
    """Where people look next; None where the part is not running."""
    settings = bench.settings
    with bench.ledger.read() as work:
        projects = work.platforms.projects(settings.campaign.key)
    labelstudio = settings.labelstudio.url or None
    if labelstudio and projects:
        labelstudio = bench.platform.project_url(projects[0].external_id)
    found = {
        "label_studio": labelstudio,
        "mlflow": settings.mlflow.tracking_uri,
        "campaign": settings.serve.public_url,
    }
    return {name: without_passwords(url) if url else None for name, url in found.items()}


def _told(result: TurnResult) -> list[str]:
    shown = result.as_dict()
    if result.status == turns.WAITING:
        return [f"Turn {result.number} waits for coders: {shown['reason']}"]
    asked = ", ".join(f"{number} {component}" for component, number in shown["components"].items())
    return [
        f"Turn {result.number} is done: {shown['tasks_pushed']} tasks ({asked}), {shown['judgements']} judgements.",
        f"Training set {shown['trainingset_version']}, model {shown['model_version']}. {shown['reason']}",
        f"Champion {shown['champion']}: accuracy {terminal.interval(shown['accuracy'])}",
    ]


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
