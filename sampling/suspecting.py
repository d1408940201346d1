"""Labelled texts whose label may be wrong are asked again.

What holds here: they come from a frame of their own, the labelled texts, while all else is drawn from texts without a
label; so this is a draw of its own, beside the other, and its chances say nothing about how well the flow is coded.
Every labelled text has a chance, so that the share of wrong labels among them can be estimated from the answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.chance import chance
from annotation.domain.declaration import Text
from annotation.domain.label import Label
from annotation.domain.task import ARBITER_SEAT, Component, Task, task_key
from annotation.domain.text import Normaliser
from annotation.errors import ConflictError
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from sampling import draw as drawing
from sampling import inclusion, mislabelled, reasons
from sampling.chances import Floats
from sampling.mislabelled import Judged
from sampling.settings import DrawSettings

# Texts times codes that are held in memory; of more labelled texts, so many are taken at random.
CELLS: Final = 30_000_000
STRATUM: Final = "labelled"
_LONGEST: Final = 54


@dataclass(frozen=True, slots=True)
class Frame:
    """Labelled texts in the order of their keys; ``share`` of all that may be asked are in it."""

    labels: tuple[Label, ...]
    texts: Mapping[str, Text]
    words: tuple[str, ...]
    share: float


def draw(
    *,
    ledger: Ledger,
    campaign: Campaign,
    beside: Draw,
    settings: DrawSettings,
    normaliser: Normaliser,
    now: datetime,
) -> int:
    """Ask ``settings.suspected`` labelled texts, in a draw that belongs to another one; return how many are asked.

    Made again, it is found and not repeated. Texts of the evaluation set, gold, and texts that were asked as suspected
    before stay out. Errors: ConflictError (another draw took some of them meanwhile).
    """
    key = _key(beside)
    with ledger.read() as work:
        if former := work.draws.find(key):
            return len(work.tasks.of_draw(former.id))
        frame = _frame(work, campaign, normaliser, drawing.generator(f"{key} frame", settings.seed))
    if not settings.suspected or not frame.labels:
        return 0
    judged = mislabelled.judge(
        frame.words,
        [frame.texts[label.text_key].group_key for label in frame.labels],
        [str(label.code) for label in frame.labels],
    )
    chances = _chances(judged, settings)
    chosen = inclusion.systematic(chances, drawing.generator(key, settings.seed)).tolist()
    with ledger.begin() as work:
        work.leases.serialise(f"suspected:{campaign.key}")
        if former := work.draws.find(key):
            return len(work.tasks.of_draw(former.id))
        keys = [frame.labels[row].text_key for row in chosen]
        if _asked(work, campaign) & set(keys):
            raise ConflictError("Another draw has taken some of these texts.", cure="Run: awb draw")
        policy = work.policies.current(campaign.key)
        recipe = _recipe(frame, judged, beside, settings)
        stored = work.draws.add(Draw(key, campaign.key, settings.seed, None, "", "", recipe, now))
        seats = _seats(work, campaign, keys)
        asking = _Asking(
            stored, frame, judged, campaign.language, settings.candidates or policy.candidates, policy.blind_share
        )
        tasks = [asking.task(row, float(chances[row]), seats[frame.labels[row].text_key]) for row in chosen]
        work.tasks.add(tasks)
        work.events.add("draw", key, now=now, payload={"tasks": len(tasks)})
    return len(tasks)


def _key(beside: Draw) -> str:
    name = beside.key if len(beside.key) <= _LONGEST else hashlib.sha256(beside.key.encode()).hexdigest()[:20]
    return f"{name}/suspected"


def _chances(judged: Judged, settings: DrawSettings) -> Floats:
    """Whoever is suspected comes before all others, however unsure the model is of these."""
    suspects = judged.suspects
    scores: Floats = np.where(suspects.wrong, 2.0, 0.0) - suspects.margin.astype(np.float64)
    return inclusion.probabilities(scores, settings.suspected, floor=settings.floor, softness=settings.softness)


def _recipe(frame: Frame, judged: Judged, beside: Draw, settings: DrawSettings) -> dict[str, Any]:
    return {
        "beside": beside.key,
        "budget": {Component.SUSPECTED.value: settings.suspected},
        "frame": len(frame.labels),
        "share": frame.share,
        "suspected": int(judged.suspects.wrong.sum()),
        "floor": settings.floor,
        "softness": settings.softness,
    }


def _frame(work: UnitOfWork, campaign: Campaign, normaliser: Normaliser, random: np.random.Generator) -> Frame:
    labels = [r.label for r in work.labels.current(campaign.nomenclature) if r.label.code and r.label.weight > 0]
    asked = _asked(work, campaign)
    texts = work.texts.get([label.text_key for label in labels])
    members = [member.text_key for member in work.evaluation.members(campaign.nomenclature)]
    kept = work.texts.get([*members, *work.gold.current(campaign.nomenclature, retired=True)]).values()
    apart = {text.group_key for text in kept}
    free = [label for label in labels if label.text_key not in asked and texts[label.text_key].group_key not in apart]
    codes = len({label.code for label in free})
    most = max(1, CELLS // max(1, codes))
    share = min(1.0, most / max(1, len(free)))
    if share < 1:
        free = [free[row] for row in np.sort(random.choice(len(free), most, replace=False)).tolist()]
    words = [normaliser.clean(texts[label.text_key].text) for label in free]
    known = [(label, line) for label, line in zip(free, words, strict=True) if line]
    return Frame(tuple(label for label, _ in known), texts, tuple(line for _, line in known), share)


def _asked(work: UnitOfWork, campaign: Campaign) -> set[str]:
    return {task.text_key for task in work.tasks.of_component(campaign.key, Component.SUSPECTED)}


def _seats(work: UnitOfWork, campaign: Campaign, text_keys: Sequence[str]) -> dict[str, int]:
    """The next free seat of each text."""
    taken = work.tasks.of_texts(campaign.key, text_keys)
    return {key: max((task.seat for task in taken.get(key, ())), default=ARBITER_SEAT) + 1 for key in text_keys}


@dataclass(frozen=True, slots=True)
class _Asking:
    draw: Draw
    frame: Frame
    judged: Judged
    language: str
    candidates: int
    blind_share: float

    def task(self, row: int, probability: float, seat: int) -> Task:
        label = self.frame.labels[row]
        code, other = str(label.code), self.judged.other(row)
        # Nobody shall read from their order which of the two is the label in force.
        two = sorted({code, other}, key=lambda one: chance(self.draw.key, label.text_key, one))
        key = task_key(self.draw.key, label.text_key, seat)
        return Task(
            key=key,
            draw_id=self.draw.id,
            text_key=label.text_key,
            component=Component.SUSPECTED,
            stratum=STRATUM,
            inclusion_probability=probability * self.frame.share,
            seat=seat,
            reason=reasons.suspected(self.language, code=code, other=other),
            candidates=tuple(dict.fromkeys([*two, *self.judged.ranked(row)]))[: self.candidates],
            probabilities=(),
            model_version=None,
            blind=chance(key, "blind") < self.blind_share,
        )
