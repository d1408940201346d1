from __future__ import annotations

import pytest

from sync.trainingset import splits

GROUPS = [f"group {n}" for n in range(2_000)]


def test_split_of__stable_over_releases() -> None:
    """Written out: another hash would move texts between training and validation of every user."""
    found = [splits.split_of(group, seed=1, validation_share=0.5) for group in ("a", "b", "c", "d", "e", "f")]

    assert found == ["train", "train", "validation", "train", "train", "validation"]


def test_split_of__share_is_met() -> None:
    validating = sum(splits.split_of(group, seed=3, validation_share=0.2) == "validation" for group in GROUPS)

    assert 340 < validating < 460


def test_split_of__larger_share_keeps_those_that_validated() -> None:
    def validating(share: float) -> set[str]:
        return {one for one in GROUPS if splits.split_of(one, seed=3, validation_share=share) == "validation"}

    assert validating(0.1) < validating(0.3)
    assert validating(0) == set()
    assert validating(1) == set(GROUPS)


def test_split_of__seed_matters() -> None:
    one, two = ([splits.split_of(g, seed=seed, validation_share=0.5) for g in GROUPS] for seed in (1, 2))

    assert one != two


def test_split_of__no_share() -> None:
    with pytest.raises(ValueError, match="is no share"):
        splits.split_of("a", seed=1, validation_share=20)
