"""What moved in the flow, for people and for the draw."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from annotation.domain.text import Normaliser
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from sampling import calibration as calibrations
from sampling.calibration import Calibration
from sampling.drift import auxiliary, categories, confidence, flow, signs, text, verdict
from sampling.drift.auxiliary import Variable
from sampling.drift.categories import Categories, Settings
from sampling.drift.concept import Judged
from sampling.drift.confidence import Confidence
from sampling.drift.detectors import Limits, Shift
from sampling.drift.flow import Flow
from sampling.drift.signs import Signs
from sampling.drift.text import Texts
from sampling.drift.verdict import Concept, Verdict
from sampling.drift.windows import Windows
from sampling.settings import DriftSettings

LONGEST_LIST: Final = 50


@dataclass(frozen=True, slots=True)
class Details:
    """What each kind of drift says, and the flow that it was seen in.

    ``together`` is how far declarations of one wording arrive together, from 0 to 1.
    """

    verdict: Verdict
    text: Texts
    predicted: Categories
    variables: tuple[Variable, ...]
    confidence: Confidence
    concept: Concept | None
    together: float
    flow: Flow
    signs: Signs
    settings: DriftSettings

    @property
    def not_scored_yet(self) -> int:
        """Texts of which the model was never asked: codes and confidence are compared without them."""
        return int(np.isnan(self.flow.known).sum())

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.verdict.as_dict(),
            "not_scored_yet": self.not_scored_yet,
            "repeats_together": self.together,
            "text": verdict.text_as_dict(self.text),
            "levels": [verdict.level_as_dict(level) for level in self.predicted.levels],
            "variables": [verdict.variable_as_dict(one) for one in self.variables],
            "confidence": verdict.confidence_as_dict(self.confidence),
            "concept": self.concept.as_dict() if self.concept else None,
        }


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Shifts of predicted codes and of words, each largest first.

    Shares of codes are among the declarations that the model scored; shares of words among all declarations.
    ``unscored_before`` and ``unscored_after`` are shares without a known word, among those that it was asked about.
    ``divergence`` is Jensen-Shannon's, in bits, between the predicted codes of the windows.
    """

    windows: Windows
    model_version: str
    reference_declarations: int
    current_declarations: int
    unscored_before: float
    unscored_after: float
    divergence: float
    codes: tuple[Shift, ...]
    words: tuple[Shift, ...]
    details: Details | None = None

    @property
    def risen_codes(self) -> dict[str, Shift]:
        return {shift.value: shift for shift in self.codes if shift.rose}

    @property
    def risen_words(self) -> dict[str, Shift]:
        return {shift.value: shift for shift in self.words if shift.rose}

    def as_dict(self) -> dict[str, Any]:
        return {
            "reference_window": str(self.windows.reference),
            "current_window": str(self.windows.current),
            "model_version": self.model_version,
            "reference_declarations": self.reference_declarations,
            "current_declarations": self.current_declarations,
            "unscored_share": {"before": self.unscored_before, "after": self.unscored_after},
            "divergence_bits": self.divergence,
            "codes": [asdict(shift) for shift in self.codes],
            "words": [asdict(shift) for shift in self.words],
            **(self.details.as_dict() if self.details else {}),
        }


def report(
    *,
    ledger: Ledger,
    windows: Windows,
    model_version: str,
    normaliser: Normaliser,
    settings: DriftSettings,
    nomenclature: Nomenclature | None = None,
    calibration: Calibration = calibrations.NONE,
) -> DriftReport:
    """Compare the windows by what declarants write, what the model predicts, and what coders say of it.

    The same ledger gives the same report. Without a nomenclature, codes are compared on their own level only, and
    nothing is known of what coders say.
    """
    arrived = flow.read(
        ledger=ledger, windows=windows, model_version=model_version, normaliser=normaliser, calibration=calibration
    )
    judged = None
    if nomenclature is not None:
        judged = verdict.judged(
            ledger=ledger, nomenclature=nomenclature.key, model_version=model_version, calibration=calibration
        )
    return compare(
        arrived, windows=windows, model_version=model_version, settings=settings,
        above=levels(nomenclature, arrived.codes), judged=judged,
    )  # fmt: skip


def compare(
    arrived: Flow,
    *,
    windows: Windows,
    model_version: str,
    settings: DriftSettings,
    above: Sequence[Mapping[str, str]] = ({},),
    judged: Judged | None = None,
) -> DriftReport:
    """The report of a flow; ``above`` maps codes to those of each level, coarsest first."""
    random = _generator(windows, model_version, settings.seed)
    limits = Limits(settings.false_discovery_rate, settings.least_difference, settings.least_count)
    chance = Settings(settings.replicates, limits)
    together = arrived.of_wordings.together
    texts = text.compare(
        arrived,
        random=random,
        replicates=settings.replicates,
        limits=replace(limits, least_difference=settings.least_word_difference),
        together=together,
    )
    codes = categories.compare(
        [code for code in arrived.codes if code is not None],
        arrived.split.of(arrived.scored),
        above=above, random=random, settings=chance, together=together,
    )  # fmt: skip
    variables = auxiliary.compare(arrived, random=random, settings=chance, together=together)
    sure = confidence.compare(arrived, random=random, replicates=settings.replicates, together=together)
    said = verdict.concept_of(judged, alpha=settings.alarm_level, tolerance=settings.tolerance) if judged else None
    asked = ~np.isnan(arrived.known)
    heard, unscored = arrived.split.of(asked), arrived.split.of(asked & ~arrived.scored)
    before, after = int(arrived.before.sum()), int(arrived.after.sum())
    return DriftReport(
        windows=windows,
        model_version=model_version,
        reference_declarations=before,
        current_declarations=after,
        unscored_before=float(unscored.before.sum()) / max(1, int(heard.before.sum())),
        unscored_after=float(unscored.after.sum()) / max(1, int(heard.after.sum())),
        divergence=codes.levels[-1].divergence.value if codes.levels else 0.0,
        codes=codes.shifts[:LONGEST_LIST],
        words=texts.words[:LONGEST_LIST],
        details=Details(
            verdict=verdict.decide(texts, codes, variables, sure, said, level=settings.alarm_level),
            text=texts,
            predicted=codes,
            variables=variables,
            confidence=sure,
            concept=said,
            together=together,
            flow=arrived,
            signs=signs.gather(
                texts.tallies,
                codes.tallies,
                [one.tallies for one in variables],
                # Where it cannot tell the windows apart, its opinion of a single text is noise.
                texts.told.classifier if texts.told.p_value <= settings.alarm_level else None,
            ),
            settings=settings,
        ),
    )


def levels(nomenclature: Nomenclature | None, codes: Sequence[str | None]) -> list[Mapping[str, str]]:
    """From a code to that of each level, coarsest first; levels that tell no codes apart are left out."""
    known = {code for code in codes if code is not None and nomenclature is not None and code in nomenclature}
    if nomenclature is None or not known:
        return [{}]
    found: list[Mapping[str, str]] = []
    for level in range(1, nomenclature.levels + 1):
        upward = {code: nomenclature.at_level(code, level) for code in known}
        if not found or len(set(upward.values())) > len(set(found[-1].values())):
            found.append(upward)
    return found


def _generator(windows: Windows, model_version: str, seed: int) -> np.random.Generator:
    named = f"{windows.reference} {windows.current} {model_version}".encode()
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(named).digest()[:8], "big")])
