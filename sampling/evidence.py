"""What components of a draw read in the ledger beside the pool."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from annotation.domain.campaign import Campaign
from annotation.domain.declaration import Window
from annotation.domain.task import Component
from annotation.domain.text import Normaliser
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.nomenclature import Code, Nomenclature
from sampling import neighbours
from sampling.neighbours import Neighbours
from sampling.pool import Pool
from sampling.settings import DrawSettings
from sampling.strategies.base import Strategy
from sampling.strategies.claim import Contested
from sampling.strategies.disagreement import Disagreement, Opinions
from sampling.strategies.rare import Rare
from sampling.strategies.value import ExpectedLoss

# Labelled texts of a code that are looked at to find its neighbours, and texts among which they are sought.
EXAMPLES: Final = 20
COMPARED: Final = 200_000
PAGE: Final = 10_000
# What stands between the items of a note.
_BETWEEN_ITEMS = re.compile(r"[\n;:•]|\.\s|\s[-\u2013]\s")


def strategies(
    *,
    ledger: Ledger,
    campaign: Campaign,
    pool: Pool,
    window: Window,
    model_version: str,
    normaliser: Normaliser,
    settings: DrawSettings,
) -> dict[Component, Strategy]:
    """The strategies, among those that need the ledger, of the components that have a budget."""
    found: dict[Component, Strategy] = {}
    with ledger.read() as work:
        if settings.rare:
            found[Component.RARE] = rare(work, campaign.nomenclature, pool, normaliser, few=settings.rare_labels)
        if settings.disagreement:
            found[Component.DISAGREEMENT] = disagreement(
                work, campaign.nomenclature, pool, window, model_version, other=settings.other_model
            )
        if settings.claim and settings.claim_sources:
            found[Component.CLAIM] = Contested(work.texts.declared_by(settings.claim_sources, window))
    if settings.value and settings.importance:
        found[Component.VALUE] = ExpectedLoss()
    return found


def rare(work: UnitOfWork, nomenclature: str, pool: Pool, normaliser: Normaliser, *, few: int) -> Rare:
    """Neighbours of the codes with fewer than ``few`` labels, or that the model predicts for no text of the pool.

    A code is known by its title, by its notes item by item, and by its labelled texts. Of a large pool, only the texts
    of which the model is least sure are compared.
    """
    space = work.nomenclatures.get(nomenclature)
    labels = work.labels.counts(nomenclature)
    predicted = set(pool.frame["code"].unique())
    codes = [code for code in space.leaves if labels.get(code.code, 0) < few or code.code not in predicted]
    examples = work.labels.examples(nomenclature, [code.code for code in codes], each=EXAMPLES)
    wordings = {
        code.code: [normaliser.clean(one) for one in (*_notes(code), *examples.get(code.code, ()))] for code in codes
    }
    return Rare(
        neighbours=_neighbours(pool, wordings),
        labels=labels,
        titles={code.code: code.title for code in codes},
        patience=few,
    )


def _neighbours(pool: Pool, wordings: Mapping[str, Sequence[str]]) -> Neighbours:
    words = pool.frame["words"]
    if len(words) <= COMPARED:
        return neighbours.find(words.tolist(), wordings)
    rows = np.sort(np.argpartition(pool.frame["confidence"].to_numpy(), COMPARED)[:COMPARED])
    return neighbours.find(words.iloc[rows].tolist(), wordings).among(len(words), rows)


def _notes(code: Code) -> list[str]:
    notes = "\n".join((code.includes, code.also_includes))
    return [code.title, *(item for item in _BETWEEN_ITEMS.split(notes) if item.strip())]


def disagreement(
    work: UnitOfWork, nomenclature: str, pool: Pool, window: Window, model_version: str, *, other: str = ""
) -> Disagreement:
    """Against another model version, by default the one that scored last before this one, and against the register.

    Codes that the nomenclature does not have are no opinion: a register may still hold those of a former one.
    """
    space = work.nomenclatures.get(nomenclature)
    version = other or next((one for one in work.texts.versions_scored() if one != model_version), "")
    register = work.texts.codes_declared(window)
    said = [(version, _predicted(work, version, pool))] if version else []
    # Nobody says how sure of its code a register is: it counts as sure, and takes turns with the model.
    said.append(("", ((register.get(key), 1.0) for key in pool.frame["text_key"])))
    return Disagreement(tuple(_opinions(by, codes, len(pool.frame), space) for by, codes in said))


def _predicted(work: UnitOfWork, version: str, pool: Pool) -> Iterator[tuple[str | None, float]]:
    keys = pool.frame["text_key"]
    for start in range(0, len(keys), PAGE):
        page = keys.iloc[start : start + PAGE].tolist()
        found = work.texts.predictions(version, page)
        for key in page:
            one = found.get(key)
            yield (one.codes[0], one.probabilities[0]) if one and one.codes else (None, 0.0)


def _opinions(by: str, said: Iterable[tuple[str | None, float]], size: int, space: Nomenclature) -> Opinions:
    codes, sure = np.full(size, None, dtype=object), np.zeros(size, dtype=np.float32)
    for row, (code, probability) in enumerate(said):
        if code in space:
            codes[row], sure[row] = code, probability
    return Opinions(by, codes, sure)
