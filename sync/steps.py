"""The loop's steps from the arrival of texts to the model, on an opened workbench, for command line and turn alike."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from annotation import wiring as annotation
from annotation.campaign import simulate
from annotation.campaign.simulate import Behaviour, SimulateResult
from annotation.domain import text as texts
from annotation.errors import InvalidInputError, NotFoundError
from annotation.labelstudio import webhook
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.wiring import OnProgress, clock, silent
from sampling import wiring as sampling
from sampling.scoring import ScoringResult
from sync import declarations, intake, rehearsal
from sync.intake import Arrival, IntakeResult
from sync.relabel import apply
from sync.relabel.apply import RelabelResult
from sync.settings import IntakeSource, SimulateSettings
from sync.training import promotion, run
from sync.training.promotion import PromotionResult
from sync.training.run import TrainResult
from sync.trainingset import build as building
from sync.trainingset import harvest as harvesting
from sync.trainingset import rulefile
from sync.trainingset.build import BuildResult
from sync.trainingset.harvest import HarvestResult
from sync.trainingset.policy import BuildPolicy
from sync.wiring import Workbench

DEMO_PASSWORD = "simulated-coder"  # noqa: S105  the accounts of simulated coders, on a rehearsal's server only


def take_file(bench: Workbench, source: IntakeSource, *, on_progress: Callable[[int], None]) -> IntakeResult:
    """Bring a file, folder or prefix of declarations into the ledger."""
    return intake.take(
        ledger=bench.ledger,
        batches=declarations.read(bench.storage_of(source.path), source, now=clock()),
        source=source.source,
        coded=source.coded,
        nomenclature=bench.nomenclature if source.code or source.codes else None,
        now=clock(),
        model_version=source.model_version or None,
        columns=source.model_dump(mode="json"),
        on_progress=on_progress,
    )


def arrive(bench: Workbench, number: int) -> IntakeResult:
    """What arrives for this turn: the configured intake, and the rehearsal's history or its part of this number."""
    result = IntakeResult()
    for source in bench.settings.intake:
        result += take_file(bench, source, on_progress=lambda _rows: None)
    if bench.settings.rehearsal.path:
        played = _rehearsal(bench)
        result += _play(bench, played.history, rehearsal.HISTORY, coded=True)
        if number <= len(played.parts):
            result += _play(bench, played.parts[number - 1], rehearsal.STREAM, coded=False)
    return result


def _rehearsal(bench: Workbench) -> rehearsal.Rehearsal:
    settings = bench.settings.rehearsal
    storage = bench.storage_of(settings.path)
    return rehearsal.load(storage=storage, settings=settings, nomenclature=bench.nomenclature)


def _play(bench: Workbench, rows: tuple[Arrival, ...], source: str, *, coded: bool) -> IntakeResult:
    return intake.take(
        ledger=bench.ledger, batches=[rows], source=source, coded=coded, nomenclature=bench.nomenclature, now=clock()
    )


def simulate_coders(
    bench: Workbench, campaign_key: str, *, settings: SimulateSettings, on_progress: OnProgress = silent
) -> SimulateResult:
    """Answer the campaign's open tasks from the file of true codes."""
    with bench.ledger.read() as work:
        keys = [task.text_key for task in work.tasks.of_campaign(campaign_key)]
        groups = {key: text.group_key for key, text in work.texts.get(keys).items()}
    by_group = true_codes(bench, settings)
    return simulate.simulate(
        ledger=bench.ledger,
        platform=bench.platform,
        campaign_key=campaign_key,
        truth={key: by_group[group] for key, group in groups.items() if group in by_group},
        password=DEMO_PASSWORD,
        behaviour=Behaviour(
            coders=settings.coders, error_rate=settings.error_rate, skip_rate=settings.skip_rate, seed=settings.seed
        ),
        on_progress=on_progress,
    )


def true_codes(bench: Workbench, settings: SimulateSettings) -> Mapping[str, str | None]:
    """By the wording's group key, the code that an expert would give; None for a text that has none."""
    if not settings.truth_path:
        if bench.settings.rehearsal.path:
            return _rehearsal(bench).truth
        raise InvalidInputError(
            "There is no file of true codes.", cure="Give --truth FILE, or set simulate.truth_path."
        )
    source = IntakeSource(path=settings.truth_path, text=settings.truth_text, code=settings.truth_code)
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for batch in declarations.read(bench.storage_of(source.path), source, now=clock()):
        for row in batch:
            votes[texts.group_key(row.text)][row.code] += 1
    return {group: max(sorted(counted), key=lambda code: counted[code]) or None for group, counted in votes.items()}


def harvest(bench: Workbench, campaign_key: str) -> HarvestResult:
    consensus = bench.settings.trainingset.consensus or None
    return harvesting.harvest(ledger=bench.ledger, campaign_key=campaign_key, consensus=consensus, now=clock())


def build(bench: Workbench) -> BuildResult:
    settings = bench.settings.trainingset
    return building.build(
        ledger=bench.ledger,
        store=bench.store,
        name=settings.name,
        nomenclature=bench.nomenclature,
        normaliser=bench.normaliser,
        policy=build_policy(bench),
        checks=settings.checks,
        validation_share=settings.validation_share,
        seed=settings.seed,
        now=clock(),
    )


def build_policy(bench: Workbench) -> BuildPolicy:
    """What the settings declare, with the rules of their file as it is now."""
    settings = bench.settings.trainingset
    if not settings.rules_path:
        return settings.policy()
    return settings.policy(
        rulefile.read(
            storage=bench.storage_of(settings.rules_path),
            path=settings.rules_path,
            nomenclature=bench.nomenclature,
            normaliser=bench.normaliser,
        )
    )


def train(bench: Workbench, tag: str, *, on_progress: Callable[[float], None] | None = None) -> TrainResult:
    return run.train(
        ledger=bench.ledger,
        store=bench.store,
        registry=bench.registry,
        tag=tag,
        settings=bench.settings.training,
        normaliser=bench.normaliser,
        nomenclature=bench.nomenclature,
        folder=bench.models_folder / "training",
        now=clock(),
        on_progress=on_progress,
    )


def promote(bench: Workbench, version: str, *, forced_because: str = "") -> PromotionResult:
    """Score the evaluation set by challenger and champion, then let the gate decide."""
    for model in dict.fromkeys([bench.version_name(version), bench.champion()]):
        if model is not None:
            score_evaluation_set(bench, model)
    return promotion.promote(
        ledger=bench.ledger,
        registry=bench.registry,
        nomenclature=bench.nomenclature,
        version=version,
        policy=bench.settings.gate,
        now=clock(),
        forced_because=forced_because,
    )


def score_evaluation_set(bench: Workbench, model_version: str) -> ScoringResult:
    with bench.ledger.read() as work:
        keys = {member.text_key for member in work.evaluation.members(bench.nomenclature.key)}
    return sampling.score(bench, model_version, keys=keys)


def revision_campaign(bench: Workbench, correspondence_key: str) -> str:
    """Key of the campaign that decides the multivocal codes of the correspondence."""
    with bench.ledger.read() as work:
        new = work.nomenclatures.correspondence(correspondence_key).target
    return bench.settings.relabel.campaign or f"{bench.settings.campaign.key}-{new}"


def take_revisions(bench: Workbench, correspondence_key: str) -> int:
    """Pull and settle what coders decided about multivocal codes; the number of labels written."""
    key, platform = revision_campaign(bench, correspondence_key), bench.platform
    with bench.ledger.read() as work:
        pushed = work.platforms.project(key, platform.name) is not None
    if not pushed:
        return 0
    annotation.pull_judgements(bench, key)
    return harvest(bench, key).labels


def relabel(bench: Workbench, correspondence_key: str) -> RelabelResult:
    """Carry out what the correspondence settles, and draw what it leaves open."""
    campaign = bench.settings.campaign
    key = revision_campaign(bench, correspondence_key)
    with bench.ledger.read() as work:
        new = work.nomenclatures.get(work.nomenclatures.correspondence(correspondence_key).target)
    return apply.apply(
        ledger=bench.ledger,
        correspondence_key=correspondence_key,
        campaign_key=key,
        title=f"{campaign.title} - {new.title}",
        language=campaign.language,
        budget=bench.settings.relabel.budget,
        seed=bench.settings.draw.seed,
        now=clock(),
    )


def answered(work: UnitOfWork, campaign_key: str, draw_id: int) -> tuple[int, int]:
    """Of a draw's texts, the judgements in force, and how many texts have one: put off or passed on counts too."""
    text_of = {task.key: task.text_key for task in work.tasks.of_draw(draw_id)}
    judged = [text_of[mark.task_key] for mark in work.judgements.marks(campaign_key) if mark.task_key in text_of]
    return len(judged), len(set(judged))


def register_webhook(bench: Workbench, address: str) -> int:
    """Have Label Studio send the events of all the campaign's projects to ``address``; the id of the first webhook.

    Projects that a push makes later on get theirs from that push.
    """
    secret = bench.settings.serve.read_webhook_secret()
    if not secret:
        raise InvalidInputError(
            "There is no secret for the webhooks.", cure="Set AWB_SERVE__WEBHOOK_SECRET to a long random text."
        )
    key, platform = bench.settings.campaign.key, bench.platform
    with bench.ledger.read() as work:
        projects = work.platforms.projects(key, platform.name)
    if not projects:
        raise NotFoundError(f"Nothing of the campaign {key} is on {platform.name}.", cure="Run: awb push")
    url = f"{address.rstrip('/')}/webhooks/labelstudio"
    numbers = [
        webhook.register(platform.session, project=project.external_id, url=url, secret=secret) for project in projects
    ]
    with bench.ledger.begin() as work:
        if all(project.webhook_id is None for project in projects):
            # What changed before could not be announced.
            work.events.add("webhook", key, now=clock(), payload={"url": url})
        for project, number in zip(projects, numbers, strict=True):
            work.platforms.set_webhook(key, platform.name, number, project.queue)
    return numbers[0]
