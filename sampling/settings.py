"""Settings of drift and draw."""

from __future__ import annotations

from pydantic import Field

from annotation.domain.task import Component
from annotation.settings import AnnotationSettings, Section


class ScoringSettings(Section):
    workers: int = Field(0, ge=0, description="Processes that score; 0: one per core, where there is enough to score.")
    scheduler: str = Field("", description="tcp://host:port of a Dask scheduler, whose workers score instead.")


class CalibrationSettings(Section):
    """Labels of the audit from which each step of a calibration is taken."""

    least_labels: int = Field(50, ge=20, description="For temperature and offset; with fewer, nothing is fitted.")
    isotonic_from: int = Field(150, ge=20, description="For a curve of the margin.")
    divisions_from: int = Field(500, ge=20, description="For an offset by division, the nomenclature's second level.")
    folds: int = Field(5, ge=2, description="Folds of the cross-fitting that measures what it brings.")
    target: float = Field(0.95, gt=0, lt=1, description="Accuracy wanted of codes that no coder sees.")
    seed: int = 1


class DriftSettings(Section):
    window_days: int = Field(30, ge=1, description="Length of the current window when no draw came before.")
    reference_days: int = Field(
        365, ge=1, description="Length of the reference window, which ends where the current starts."
    )
    false_discovery_rate: float = Field(0.05, gt=0, lt=1)
    least_difference: float = Field(0.005, ge=0, description="Smallest move of a code's share that counts, as a share.")
    least_word_difference: float = Field(0.002, ge=0, description="The same of a word, which is rarer than a code.")
    least_count: int = Field(10, ge=1, description="Smallest number of current texts with the code.")
    alarm_level: float = Field(
        0.05, gt=0, lt=1, description="Chance of any false alarm in one comparison of two windows."
    )
    replicates: int = Field(999, ge=99, le=9999, description="Times that chance deals the windows out anew.")
    tolerance: float = Field(
        0.03, ge=0, lt=0.5, description="How far the model may be less right than it says before that is a drift."
    )
    seed: int = 1


class DrawSettings(Section):
    """Tasks per component in one draw; what one of them cannot fill goes to the uncertain."""

    audit: int = Field(150, ge=0, description="At random in strata: the evaluation set, never trained on.")
    uncertain: int = Field(300, ge=0, description="What `strategy` would ask first.")
    drifting: int = Field(100, ge=0, description="What drives a drift.")
    rare: int = Field(50, ge=0, description="Neighbours of codes with few labels.")
    rare_labels: int = Field(5, ge=1, description="A code with fewer labels is rare.")
    disagreement: int = Field(50, ge=0, description="Two models differ, or the model and the register.")
    other_model: str = Field(
        "", description="Model version that `disagreement` compares with; default: the one that scored last before."
    )
    value: int = Field(0, ge=0, description="Doubt weighed with `importance`.")
    revision: int = Field(0, ge=0, description="Texts whose former code has several successors; named by the caller.")
    claim: int = Field(0, ge=0, description="Texts whose code is contested: those of `claim_sources`.")
    claim_sources: tuple[str, ...] = Field((), description="Sources of declarations that contest a code.")
    suspected: int = Field(0, ge=0, description="Labelled texts whose label may be wrong; a draw of its own beside.")
    minutes: float | None = Field(
        None, gt=0, description="Coders' minutes; the budgets above are then shares, scaled to fit."
    )
    strategy: str = Field(
        "margin_covering",
        description="Of the uncertain: random, least_confidence, margin, entropy, margin_clustered, margin_capped,"
        " margin_covering, margin_drift_weighted, or one of your own as package.module:Class.",
    )
    floor: float = Field(0.1, gt=0, le=1, description="Share of each component that is spread evenly over all texts.")
    softness: float = Field(
        0.3, ge=0, le=1, description="How gently chances fall around the last text that fits, as a share of the budget."
    )
    cap_per_code: float = Field(
        0.1, ge=0, description="Most uncertain tasks per predicted code: a share below 1, else a number; 0: no cap."
    )
    near_copies: bool = Field(True, description="Ask one of several wordings that differ by letters or order alone.")
    importance: str = Field("", description="Variable that holds what a text is worth, as a number.")
    audit_strata: int = Field(8, ge=1, description="Strata of the audit, by how sure the model may be.")
    candidates: int | None = Field(
        None, ge=1, le=20, description="Codes kept with a task; none: as many as the campaign's policy shows."
    )
    seed: int = 1

    @property
    def budgets(self) -> dict[Component, int]:
        """Of all components that a draw fills; gold is put among a coder's tasks when they are handed out."""
        return {one: getattr(self, one.value) for one in Component if one is not Component.GOLD}


class ReplaySettings(Section):
    """How `awb replay` plays the past; shares are of the texts that are left to learn from."""

    strategies: tuple[str, ...] = Field(
        ("random", "margin", "margin_covering"), description="random is always played too."
    )
    initial: float = Field(0.06, gt=0, lt=1, description="Labelled at random beforehand.")
    batch: float = Field(0.06, gt=0, lt=1, description="Asked between two trainings.")
    until: float = Field(0.6, gt=0, le=1)
    evaluation: float = Field(0.2, gt=0, lt=1, description="Share of all texts set apart to measure on.")
    seeds: int = Field(5, ge=1)
    workers: int = Field(0, ge=0, description="Processes; 0: as many as this machine has cores.")


class SamplingSettings(AnnotationSettings):
    calibration: CalibrationSettings = CalibrationSettings()
    scoring: ScoringSettings = ScoringSettings()
    drift: DriftSettings = DriftSettings()
    draw: DrawSettings = DrawSettings()
    replay: ReplaySettings = ReplaySettings()
