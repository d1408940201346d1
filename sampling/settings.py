"""Settings of drift and draw."""

from __future__ import annotations

from pydantic import Field

from annotation.settings import AnnotationSettings, Section


class DriftSettings(Section):
    window_days: int = Field(30, ge=1, description="Length of the current window when no draw came before.")
    reference_days: int = Field(
        365, ge=1, description="Length of the reference window, which ends where the current starts."
    )
    false_discovery_rate: float = Field(0.05, gt=0, lt=1)
    least_difference: float = Field(0.005, ge=0, description="Smallest move of a code's share that counts, as a share.")
    least_count: int = Field(10, ge=1, description="Smallest number of current texts with the code.")


class DrawSettings(Section):
    """Tasks per component in one draw."""

    audit: int = Field(150, ge=0)
    uncertain: int = Field(300, ge=0)
    drifting: int = Field(100, ge=0)
    audit_strata: int = Field(4, ge=1, description="Strata of the audit, by the model's margin.")
    candidates: int = Field(8, ge=1, le=20, description="Codes put first on the coder's screen.")
    seed: int = 1


class SamplingSettings(AnnotationSettings):
    drift: DriftSettings = DriftSettings()
    draw: DrawSettings = DrawSettings()
