"""Looking at versions: the list, and one in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType

from annotation import terminal
from annotation.errors import InvalidInputError, NotFoundError, WorkbenchError
from annotation.ledger.repositories.edits import LabelEdit
from annotation.terminal import Config, Format, Home, Output
from sync.trainingset import inventory, wording
from sync.trainingset.commands.arguments import Tag
from sync.trainingset.inventory import Listed
from sync.trainingset.recipe import Recipe
from sync.wiring import Workbench

if TYPE_CHECKING:
    from sync.training.lineage import Learner

_CODES = 10


def log(context: typer.Context, config: Config = None, home: Home = None, output: Format = Output.TEXT) -> None:
    """All versions, oldest first: parent, what each changed, when it was built, names, models that learnt from it."""
    with terminal.opened(context, config, home) as bench:
        name = bench.settings.trainingset.name
        found = inventory.listed(ledger=bench.ledger, store=bench.store, name=name)
    data = {"versions": [one.as_dict() for one in found]}
    columns = ["version", "parent", "built", "rows", "change", "names", "models"]
    terminal.emit(output, data, terminal.table(f"Training set {name}", columns, [_line(one) for one in found]))


def _line(one: Listed) -> list[object]:
    values = one.as_dict()
    change = f"+{values['added']} -{values['removed']} ~{values['changed']}" if one.stored else "files gone"
    built = f"{one.built_at:%Y-%m-%d}" if one.built_at else "not entered"
    return [one.tag, values["parent"], built, values["rows"], change, ", ".join(one.names), ", ".join(one.learnt_by)]


def show(
    context: typer.Context,
    tag: Tag = "",
    rows: Annotated[int, typer.Option(min=0, help="How many rows, and how many edits by rules, to show.")] = 5,
    model: Annotated[str, typer.Option(help="The version that this model learnt from, by MLflow: activity/4.")] = "",
    run: Annotated[str, typer.Option(help="The version that this run of MLflow learnt from.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """One version: its recipe in words, rules, what the checks found, sources, codes, edits, models, first rows.

    Models and runs are those that the ledger knows and those that MLflow tells.
    Example: awb trainingset show --model activity/champion
    """
    if bool(tag) + bool(model) + bool(run) > 1:
        raise InvalidInputError("A version, --model and --run exclude one another.", cure="Give one of them.")
    with terminal.opened(context, config, home) as bench:
        found = _found(bench, tag or (_of_mlflow(bench, model, run) if model or run else ""), rows)
    terminal.emit(output, found.as_dict(), *_told(found))


@dataclass(frozen=True, slots=True)
class _Shown:
    """``learners`` is None where MLflow did not answer. A version whose files are gone has no ``first_rows``."""

    listed: Listed
    recipe: Recipe | None
    stored_recipe: Mapping[str, Any]
    edits: Sequence[LabelEdit]
    edited: int
    learners: Sequence[Learner] | None
    first_rows: Sequence[Mapping[str, Any]]
    table: str

    def as_dict(self) -> dict[str, Any]:
        report = self.listed.report
        learners = [asdict(one) for one in self.learners] if self.learners is not None else None
        return self.listed.as_dict() | {
            "codes": len(report.get("codes", {})),
            "rows_by_code": report.get("codes", {}),
            "source": report.get("sources", {}),
            "split": report.get("splits", {}),
            "findings": report.get("findings", []),
            "kept_out": report.get("kept_out"),
            "edited": report.get("edited"),
            "recipe": dict(self.stored_recipe),
            "recipe_in_words": list(wording.sentences(self.recipe)) if self.recipe else [],
            "edits": [asdict(one) for one in self.edits],
            "runs": {f"{one.name}/{one.version}": one.run_id for one in self.listed.models},
            "mlflow": learners,
            "first_rows": list(self.first_rows),
            "table": self.table,
        }


def _found(bench: Workbench, tag: str, rows: int) -> _Shown:
    name = bench.settings.trainingset.name
    listed = inventory.one(ledger=bench.ledger, store=bench.store, name=name, tag=tag or bench.version_of("").tag)
    stored_recipe = listed.entered.recipe if listed.entered else {}
    with bench.ledger.read() as work:
        journal = work.edits.of_version(name, listed.tag)
        edits = list(islice(journal, rows))
        edited = len(edits) + sum(1 for _ in journal)
    return _Shown(
        listed,
        Recipe.of(stored_recipe) if "nomenclature" in stored_recipe else None,
        stored_recipe,
        edits,
        edited,
        _learners(bench, listed),
        _first_rows(bench, listed, rows),
        bench.store.location(),
    )


def _first_rows(bench: Workbench, listed: Listed, rows: int) -> list[Mapping[str, Any]]:
    if listed.stored is None or not rows:
        return []
    batches = bench.store.batches(listed.tag)
    return list(islice((row for batch in batches for row in batch.slice(0, rows).to_pylist()), rows))


def _learners(bench: Workbench, listed: Listed) -> Sequence[Learner] | None:
    if not bench.has_registry:
        return ()
    from sync.training import lineage

    known: Any = listed.stored or listed.entered
    try:
        return lineage.learners(bench.registry, known.digest)
    except WorkbenchError as error:
        terminal.say(str(error))
        return None


def _of_mlflow(bench: Workbench, model: str, run: str) -> str:
    if not bench.has_registry:
        raise NotFoundError("There is no MLflow yet.", cure="Run: awb train")
    from sync.training import lineage

    seen = lineage.of_model(bench.registry, model) if model else lineage.of_run(bench.registry, run)
    name = bench.settings.trainingset.name
    return inventory.of_digest(ledger=bench.ledger, name=name, digest=seen.digest, tag=seen.tag)


def _told(found: _Shown) -> Iterator[RenderableType]:
    values, report = found.as_dict(), found.listed.report
    yield f"{values['tag']}: {values['rows']} rows, {values['codes']} codes, parent {values['parent'] or 'none'}"
    if found.listed.names:
        yield f"also called {', '.join(found.listed.names)}"
    if values["collected_at"]:
        yield f"its files are gone since {values['collected_at']:%Y-%m-%d}; awb trainingset rebuild gives it again"
    yield f"digest {values['digest']}"
    yield f"table {found.table}, snapshot {values['snapshot_id']}"
    yield ""
    yield from values["recipe_in_words"]
    if found.recipe and found.recipe.policy.rules:
        lines = [wording.rule_line(one) for one in found.recipe.policy.rules]
        yield terminal.table("Rules", ["rule", "when", "becomes", "days", "because"], lines)
    yield from _report_told(report)
    if found.edited:
        lines = [[one.rule, one.text_key, one.code_before, one.code_after or "left out"] for one in found.edits]
        yield terminal.table(f"New edits by rules: {found.edited}", ["rule", "text", "before", "after"], lines)
    yield from _models_told(found)
    first = [[r["text"], r["code"], r["source"], r["weight"], r["split"], r["added_in"]] for r in found.first_rows]
    if first:
        yield terminal.table("First rows", ["text", "code", "source", "weight", "split", "since"], first)


def _report_told(report: Mapping[str, Any]) -> Iterator[RenderableType]:
    if "codes" not in report:
        yield "It was built before versions had a report."
        return
    for name in ("sources", "splits"):
        yield f"{name} {', '.join(f'{one} {number}' for one, number in report[name].items())}"
    most = sorted(report["codes"].items(), key=lambda one: (-one[1], one[0]))[:_CODES]
    yield f"most frequent codes {', '.join(f'{code} {number}' for code, number in most)}"
    findings = [[one["check"], one["level"], one["message"], one["count"]] for one in report["findings"]]
    if findings:
        yield terminal.table("What the checks found", ["check", "level", "what", "rows"], findings)
    else:
        yield "All checks passed."


def _models_told(found: _Shown) -> Iterator[RenderableType]:
    runs = {f"{one.name}/{one.version}": (one.run_id, "ledger") for one in found.listed.models}
    for learner in found.learners or ():
        for label in learner.models or (f"run {learner.run_name}",):
            where = "ledger and MLflow" if label in runs else "MLflow"
            runs[label] = (learner.run_id, where)
    if runs:
        rows = [[label, run, where] for label, (run, where) in runs.items()]
        yield terminal.table("Models that learnt from it", ["model", "run", "known to"], rows)
    else:
        yield "No model has learnt from it."
