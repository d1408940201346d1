"""When a coder who learns is let in, and when one is paused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from annotation.campaign import reasons
from annotation.domain.policy import Policy
from annotation.domain.team import Standing
from annotation.quality import gold

# Fewer answers pause nobody, however wrong they are.
LEAST_ANSWERS: Final = 10
# The chance of ever pausing a coder who is as good as the policy asks, at the most.
FALSE_PAUSES: Final = 0.05

_SENTENCES: Final = {
    "fr": {
        "in": "Formation terminée : {right} réponses justes sur {answers}.",
        "below": "{right} réponses justes sur {answers} textes de contrôle : exactitude d'au plus {upper}, moins que"
        " les {wanted} demandés.",
    },
    "en": {
        "in": "Training is over: {right} of {answers} answers were right.",
        "below": "{right} of {answers} answers to gold texts were right: an accuracy of at most {upper}, less than the"
        " {wanted} asked for.",
    },
}


@dataclass(frozen=True, slots=True)
class Decision:
    state: Standing
    reason: str


def decide(state: Standing, *, right: int, answers: int, tasks: int, policy: Policy, language: str) -> Decision | None:
    """None where all stays as it is. ``tasks`` is how many training tasks there are for a coder who learns: fewer than
    the policy asks for where gold is short."""
    if state not in (Standing.TRAINING, Standing.ACTIVE):
        return None
    if answers >= LEAST_ANSWERS and policy.pause_below > 0:
        upper = gold.upper_bound(right, answers, alpha=FALSE_PAUSES)
        if upper < policy.pause_below:
            told = _SENTENCES[language]["below"].format(
                right=right,
                answers=answers,
                upper=reasons.percent(language, upper, digits=0),
                wanted=reasons.percent(language, policy.pause_below, digits=0),
            )
            return Decision(Standing.PAUSED, told)
    if state is Standing.TRAINING and answers >= min(tasks, policy.training_tasks):
        return Decision(Standing.ACTIVE, _SENTENCES[language]["in"].format(right=right, answers=answers))
    return None
