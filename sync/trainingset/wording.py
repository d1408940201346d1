"""A recipe in words."""

from __future__ import annotations

from collections.abc import Iterator

from sync.trainingset.policy import BuildPolicy, Resolution
from sync.trainingset.recipe import Recipe
from sync.trainingset.rules import Rule, When


def sentences(recipe: Recipe) -> Iterator[str]:
    """What decided the rows, one sentence for each thing that did."""
    until = f"gold up to row {recipe.last_gold}, evaluation set up to row {recipe.last_evaluation_member}"
    yield f"Labels of {recipe.nomenclature} up to row {recipe.last_label} of the ledger; kept apart: {until}."
    yield from _policy(recipe.policy)
    share = f"{100 * recipe.validation_share:g} %"
    yield f"{share} of the wordings are for validation, by a hash with seed {recipe.seed}."


def _policy(policy: BuildPolicy) -> Iterator[str]:
    sources = ", ".join(policy.sources)
    if policy.resolution is Resolution.NEWEST:
        yield f"Of a text's labels the newest holds, if its source is one of {sources}."
    else:
        yield f"Of a text's labels, the newest of the first source that says something holds: {sources}."
    if policy.weights:
        factors = ", ".join(f"{name} by {factor:g}" for name, factor in policy.weights.items())
        yield f"Weights are multiplied: {factors}."
    if policy.consensus:
        yield f"Judgements were settled by the rule {policy.consensus}, whatever the campaign's own."
    if policy.least_judgements > 1:
        yield f"A coder's label needs {policy.least_judgements} judgements behind it."
    if policy.not_before:
        yield f"Labels older than {policy.not_before} say nothing."
    if policy.max_age_days:
        yield f"Labels older than {policy.max_age_days} days, on the day of the build, say nothing."
    yield from _excluded(policy)


def _excluded(policy: BuildPolicy) -> Iterator[str]:
    out = policy.excluded
    named = {"codes": out.codes, "sources": out.sources, "coders": out.coders, "texts": out.texts}
    parts = [f"{name} {', '.join(values)}" for name, values in named.items() if values]
    if parts:
        yield f"Left out: {'; '.join(parts)}."


def rule_line(rule: Rule) -> list[str]:
    """Id, when it applies, what it makes of the label, from when until when, and why."""
    becomes = rule.code or "left out"
    days = f"{rule.begins_on or ''} to {rule.expires_on or ''}" if rule.begins_on or rule.expires_on else "always"
    return [rule.id, _when(rule.when), becomes, days.strip(), rule.evidence]


def _when(when: When) -> str:
    parts = [
        f"code {' or '.join(when.codes)}" if when.codes else "",
        f"text with {' or '.join(when.words)}" if when.words else "",
        *(f"{name} {' or '.join(values)}" for name, values in when.variables.items()),
        f"from {' or '.join(when.sources)}" if when.sources else "",
    ]
    return ", ".join(part for part in parts if part)
