"""Which models learnt from a training set version, and from which one a model learnt, as MLflow knows it.

Models of other programs count too: those whose version or run carries the tags ``trainingset`` and
``trainingset_digest``, or whose run has a version of the training set as its dataset.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from annotation.errors import NotFoundError
from sync.training.model import SET_DIGEST, SET_SNAPSHOT, SET_TAG, TrainingSetRef

if TYPE_CHECKING:
    from sync.training.registry import ModelRegistry

SOURCE_TYPE: Final = "trainingset"
DIGEST_LENGTH: Final = 36  # of a dataset's digest in MLflow; the tags hold the whole one
_PAGE: Final = 200
_GIVEN_UP: Final = ("FAILED", "KILLED")


@dataclass(frozen=True, slots=True)
class Learner:
    """A run, with the model versions that came of it as ``name/number``; a version may have no run."""

    run_id: str
    run_name: str
    models: tuple[str, ...]

    @property
    def label(self) -> str:
        return ", ".join(self.models) or f"run {self.run_id}"


def learners(registry: ModelRegistry, digest: str) -> tuple[Learner, ...]:
    """Whoever learnt from the version of this digest, models first; runs that were given up are left out."""
    wanted = f"tags.{SET_DIGEST} = '{digest}'"
    with registry.asking() as client:
        models = _models(client, wanted)
        runs = [*_runs(client, wanted), *_runs(client, f"datasets.digest = '{digest[:DIGEST_LENGTH]}'")]
    return _joined(models, runs)


def learners_of(registry: ModelRegistry, digests: Collection[str]) -> Mapping[str, tuple[Learner, ...]]:
    """The same for several digests in one pass over MLflow; those that nobody learnt from are left out."""
    whole = {digest[:DIGEST_LENGTH]: digest for digest in digests}
    models: dict[str, list[Any]] = defaultdict(list)
    runs: dict[str, list[Any]] = defaultdict(list)
    with registry.asking() as client:
        for one in _models(client, ""):
            models[one.tags.get(SET_DIGEST, "")[:DIGEST_LENGTH]].append(one)
        for query in (f"tags.{SET_DIGEST} LIKE '%'", "datasets.digest LIKE '%'"):
            for run in _runs(client, query):
                if (seen := _seen_by(run)) is not None:
                    runs[seen.digest[:DIGEST_LENGTH]].append(run)
    found = whole.keys() & (models.keys() | runs.keys())
    return {whole[one]: _joined(models[one], runs[one]) for one in found}


def of_model(registry: ModelRegistry, model: str) -> TrainingSetRef:
    """What ``name/number``, ``name/alias``, a number or an alias of the configured model learnt from."""
    name, _, wanted = model.removeprefix("models:/").replace("@", "/").rpartition("/")
    asked = registry if name in ("", registry.model_name) else registry.named(name)
    found = asked.version(wanted)
    if found is None:
        raise NotFoundError(f"MLflow has no model {asked.model_name}/{wanted}.", cure="See MLflow, or: awb train")
    if SET_DIGEST in found.tags:
        return _of_tags(found.tags, "")
    if not found.run_id:
        raise _untold(f"The model {asked.model_name}/{found.version}")
    return of_run(registry, found.run_id)


def of_run(registry: ModelRegistry, run_id: str) -> TrainingSetRef:
    """What a run learnt from: by its tags, else by its dataset."""
    with registry.asking() as client:
        run = client.get_run(run_id)
    found = _seen_by(run)
    if found is None:
        raise _untold(f"The run {run_id}")
    return found


def _seen_by(run: Any) -> TrainingSetRef | None:
    datasets = [one.dataset for one in run.inputs.dataset_inputs] if run.inputs else []
    ours = next((one for one in datasets if one.source_type == SOURCE_TYPE), None)
    if SET_DIGEST in run.data.tags:
        return _of_tags(run.data.tags, ours.source if ours else "")
    return None if ours is None else TrainingSetRef(ours.name, ours.digest, ours.source.partition("#")[0])


def _of_tags(tags: Mapping[str, str], source: str) -> TrainingSetRef:
    snapshot = tags.get(SET_SNAPSHOT, "")
    return TrainingSetRef(
        tags.get(SET_TAG, ""),
        tags[SET_DIGEST],
        source.partition("#")[0],
        int(snapshot) if snapshot.isdecimal() else None,
    )


def _joined(models: list[Any], found: list[Any]) -> tuple[Learner, ...]:
    runs = {run.info.run_id: run for run in found}
    by_run: dict[str, list[str]] = defaultdict(list)
    alone = []
    for one in models:
        label = f"{one.name}/{one.version}"
        if one.run_id:
            by_run[one.run_id].append(label)
        else:
            alone.append(Learner("", "", (label,)))
    ids = dict.fromkeys([*by_run, *runs])
    with_runs = [
        Learner(one, runs[one].info.run_name if one in runs else "", tuple(sorted(by_run.get(one, ())))) for one in ids
    ]
    return tuple(sorted([*with_runs, *alone], key=lambda learner: (not learner.models, learner.models, learner.run_id)))


def _models(client: Any, query: str) -> list[Any]:
    found, token = [], None
    while True:
        page = client.search_model_versions(query or None, max_results=_PAGE, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _runs(client: Any, query: str) -> Iterator[Any]:
    experiments = [one.experiment_id for one in _experiments(client)]
    token = None
    while experiments:
        page = client.search_runs(experiments, query, max_results=_PAGE, page_token=token)
        yield from (run for run in page if run.info.status not in _GIVEN_UP)
        token = page.token
        if not token:
            return


def _experiments(client: Any) -> Iterator[Any]:
    token = None
    while True:
        page = client.search_experiments(max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _untold(what: str) -> NotFoundError:
    return NotFoundError(
        f"{what} does not say which version of the training set it learnt from.",
        cure="Give its version and run the tags trainingset and trainingset_digest.",
    )
