"""Commands that train, measure and promote models."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from annotation import terminal
from annotation.errors import InvalidInputError
from annotation.terminal import Config, Format, Home, Output
from sync import steps
from sync.training import assessment, assessment_page, assessment_text
from sync.training.domains import Split
from sync.training.model import CHALLENGER


def train(
    context: typer.Context,
    version: Annotated[str, typer.Option("--version", help="Training set version. Default: the current one.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Train fastText on a version of the training set and register the model in MLflow as challenger.

    The same version and settings are trained once: run again, the registered model is found.
    """
    with terminal.opened(context, config, home) as bench, terminal.sharing("training") as on_progress:
        result = steps.train(bench, bench.version_of(version).tag, on_progress=on_progress)
    model = result.model
    whole = max((name for name in model.metrics if "level" in name), default="")
    text = f"{result.model_version} {'trained' if result.new else 'was trained before'} on {model.trainingset_tag}."
    if whole:
        text += f" Right on {terminal.percent(model.metrics[whole])} of its validation texts (no estimate of accuracy)."
    terminal.emit(
        output,
        asdict(result) | {"model_version": result.model_version},
        text,
        f"Next: awb promote --version {model.version}",
    )


def evaluate(
    context: typer.Context,
    model: Annotated[str, typer.Option("--model", help="Version or alias. Default: the champion.")] = "",
    by: Annotated[Split | None, typer.Option("--by", help="Also by part: of the codes, or of the flow.")] = None,
    half_width: Annotated[
        float, typer.Option("--half-width", min=0.001, max=0.5, help="Say how many labels this takes.")
    ] = 0.01,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page with plots to this file.")] = None,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Accuracy of a model at each level, with interval, on the evaluation set: texts drawn with known probabilities.

    Also on the flow that was drawn from, by all labels of the draws that asked about this model's predictions.
    """
    with terminal.opened(context, config, home) as bench:
        version = bench.version_or_error(model) if model else bench.champion_or_error()
        steps.score_evaluation_set(bench, version)
        measured = assessment.assess(
            ledger=bench.ledger,
            campaign_key=bench.settings.campaign.key,
            nomenclature=bench.nomenclature,
            model_version=version,
            split=by,
            half_width=half_width,
        )
        language = bench.settings.campaign.language
    if html is not None:
        terminal.write(assessment_page.render(measured, language=language), html, option="--html")
    terminal.emit(output, measured.as_dict(), *assessment_text.render(measured))


def promote(
    context: typer.Context,
    version: Annotated[str, typer.Option("--version", help="Version or alias. Default: the challenger.")] = CHALLENGER,
    force: Annotated[bool, typer.Option("--force", help="Promote whatever the gate says; wants --reason.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why the gate is overruled; stored.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Compare the challenger with the champion on the same texts and let the gate decide; the reasons are stored.

    Exit code 0 also when the gate keeps the champion: that is a result, no failure.
    """
    if force and not reason:
        raise InvalidInputError(
            "--force wants a reason.", cure="Say why with --reason: it is stored with the decision."
        )
    with terminal.opened(context, config, home) as bench:
        result = steps.promote(bench, version, forced_because=reason if force else "")
    data = result.as_dict()
    after = (data["after"] or {}).get("accuracy")
    terminal.emit(output, data, result.reason, f"Champion: {result.champion}, accuracy {terminal.interval(after)}")
