"""How good coders are, by gold and by arbiters; who is let in after training, and who is paused.

Nobody is ranked here: coders stand in the order of their pseudonyms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from annotation.campaign import admission, checked
from annotation.campaign.checked import Checked
from annotation.domain.task import Kind
from annotation.domain.team import Enrolment, Standing
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import coder_drift, gold
from annotation.quality.coder_drift import Drift
from annotation.quality.gold import Share


@dataclass(frozen=True, slots=True)
class CoderQuality:
    """``gold`` is the share right of gold texts, ``training`` that of gold with feedback; None without answers.

    ``arbitrated`` is the share in which an arbiter agreed with the coder, of disputed texts alone: these are hard, so
    that it lies below the coder's accuracy. ``weight`` is that of a vote, 1 for a coder of usual quality.
    """

    coder: str
    gold: Share | None
    arbitrated: Share | None
    training: Share | None
    weight: float
    drift: Drift

    def as_dict(self) -> dict[str, Any]:
        shares = {"gold": self.gold, "arbitrated": self.arbitrated, "training": self.training}
        return {
            "coder": self.coder,
            **{name: one.as_dict() if one else None for name, one in shares.items()},
            "weight": self.weight,
            "drift": self.drift.as_dict(),
        }


def of_campaign(work: UnitOfWork, campaign_key: str) -> dict[str, CoderQuality]:
    """By pseudonym, in their order: all who are enrolled or have answered a gold or an arbitrated text."""
    golden = checked.by_gold(work, campaign_key)
    training = checked.by_gold(work, campaign_key, kind=Kind.TRAINING)
    arbitrated = checked.by_arbiter(work, campaign_key)
    weighed = _weights(golden)
    coders = {*work.enrolments.current(campaign_key), *golden, *training, *arbitrated}
    return {
        coder: CoderQuality(
            coder=coder,
            gold=_share(golden.get(coder, ())),
            arbitrated=_share(arbitrated.get(coder, ())),
            training=_share(training.get(coder, ())),
            weight=weighed.get(coder, 1.0),
            drift=_drift(golden.get(coder, ())),
        )
        for coder in sorted(coders)
    }


def weights(work: UnitOfWork, campaign_key: str) -> dict[str, float]:
    """Of the votes of those who have answered gold texts; a coder who is not among them counts 1."""
    return _weights(checked.by_gold(work, campaign_key))


def review(work: UnitOfWork, campaign_key: str, *, now: datetime) -> list[Enrolment]:
    """Let in who has finished training, pause whom gold shows to be below the policy's mark; return what changed.

    Only answers given since a coder was last let in again count, so that nobody is paused twice for the same ones. A
    second call changes nothing.
    """
    policy = work.policies.current(campaign_key)
    campaign = work.campaigns.get(campaign_key)
    enrolled = work.enrolments.current(campaign_key)
    golden = checked.by_gold(work, campaign_key)
    trained = checked.by_gold(work, campaign_key, kind=Kind.TRAINING)
    given, stock = _training_tasks(work, campaign_key), len(work.gold.current(campaign.nomenclature))
    since = _let_in_again(work.enrolments.history(campaign_key))
    changed = []
    for coder, enrolment in enrolled.items():
        answers = (trained if enrolment.state is Standing.TRAINING else golden).get(coder, ())
        counted = [one for one in answers if coder not in since or one.judged_at > since[coder]]
        decision = admission.decide(
            enrolment.state,
            right=sum(one.right for one in counted),
            answers=len(counted),
            # Who was given none yet waits for them.
            tasks=given[coder] or stock,
            policy=policy,
            language=campaign.language,
        )
        if decision is not None:
            changed.append(replace(enrolment, state=decision.state, reason=decision.reason, enrolled_at=now))
    for one in changed:
        work.enrolments.record(one)
    return changed


def _training_tasks(work: UnitOfWork, campaign_key: str) -> Counter[str]:
    """How many each coder was given, by pseudonym."""
    queues = work.assignments.queues(campaign_key)
    return Counter(queues.get(task.key, "") for task in work.tasks.of_kind(campaign_key, Kind.TRAINING))


def _let_in_again(history: Sequence[Enrolment]) -> dict[str, datetime]:
    """When those who had been paused were last let in again."""
    state: dict[str, Standing] = {}
    found: dict[str, datetime] = {}
    for enrolment in history:
        if state.get(enrolment.coder) is Standing.PAUSED and enrolment.state in (Standing.ACTIVE, Standing.TRAINING):
            found[enrolment.coder] = enrolment.enrolled_at
        state[enrolment.coder] = enrolment.state
    return found


def _share(answers: Sequence[Checked]) -> Share | None:
    return gold.share(sum(one.right for one in answers), len(answers))


def _drift(answers: Sequence[Checked]) -> Drift:
    return coder_drift.watch([one.right for one in answers])


def _weights(golden: Mapping[str, Sequence[Checked]]) -> dict[str, float]:
    counted = {coder: (sum(one.right for one in answers), len(answers)) for coder, answers in golden.items()}
    prior = gold.prior(counted)
    return {coder: gold.weight(prior.shrunken(right, n), usual=prior.mean) for coder, (right, n) in counted.items()}
