"""What moved in the flow, for people and for the draw."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from annotation.domain.declaration import Window
from annotation.domain.text import Normaliser
from annotation.ledger.unit_of_work import Ledger
from sampling.drift import detectors
from sampling.drift.detectors import Limits, Shift
from sampling.drift.windows import Windows
from sampling.settings import DriftSettings

LONGEST_LIST = 50


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Shifts of predicted codes and of words, each largest first.

    Shares of codes are among the declarations that the model scored; shares of words among all declarations.
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
        }


@dataclass(frozen=True, slots=True)
class _Side:
    declarations: int
    unscored: int
    codes: Counter[str]
    words: Counter[str]


def report(
    *, ledger: Ledger, windows: Windows, model_version: str, normaliser: Normaliser, settings: DriftSettings
) -> DriftReport:
    """Compare the windows by what the model predicts and by the words that declarants use."""
    before = _side(ledger, windows.reference, model_version, normaliser)
    after = _side(ledger, windows.current, model_version, normaliser)
    limits = Limits(settings.false_discovery_rate, settings.least_difference, settings.least_count)
    codes = detectors.shifts(
        before.codes, after.codes, before_total=before.codes.total(), after_total=after.codes.total(), limits=limits
    )
    words = detectors.shifts(
        before.words, after.words, before_total=before.declarations, after_total=after.declarations, limits=limits
    )
    return DriftReport(
        windows=windows,
        model_version=model_version,
        reference_declarations=before.declarations,
        current_declarations=after.declarations,
        unscored_before=before.unscored / max(1, before.declarations),
        unscored_after=after.unscored / max(1, after.declarations),
        divergence=detectors.divergence(before.codes, after.codes),
        codes=tuple(codes[:LONGEST_LIST]),
        words=tuple(words[:LONGEST_LIST]),
    )


def _side(ledger: Ledger, window: Window, model_version: str, normaliser: Normaliser) -> _Side:
    with ledger.read() as work:
        arrivals = work.texts.declared_in(window)
        keys = sorted(arrivals)
        texts = work.texts.get(keys)
        predictions = work.texts.predictions(model_version, keys)
    codes: Counter[str] = Counter()
    words: Counter[str] = Counter()
    unscored = 0
    for key, number in arrivals.items():
        prediction = predictions.get(key)
        if prediction is not None and prediction.code is not None:
            codes[prediction.code] += number
        else:
            unscored += number
        for word in set(normaliser.clean(texts[key].text).split()):
            words[word] += number
    return _Side(sum(arrivals.values()), unscored, codes, words)
