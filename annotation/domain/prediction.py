"""What one model version says of one text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """Ranked codes with probabilities.

    ``codes`` and ``probabilities`` run in parallel, most probable first, and hold only the first few codes; ``entropy``
    is in nats over all codes of the model. ``known`` is the share of the text's tokens that the model has seen.
    """

    text_key: str
    model_version: str
    codes: tuple[str, ...]
    probabilities: tuple[float, ...]
    entropy: float
    known: float

    @property
    def code(self) -> str | None:
        return self.codes[0] if self.codes else None

    @property
    def margin(self) -> float:
        """p1 - p2, the confidence index; 0 where the text could not be scored."""
        if not self.probabilities:
            return 0.0
        second = self.probabilities[1] if len(self.probabilities) > 1 else 0.0
        return self.probabilities[0] - second
