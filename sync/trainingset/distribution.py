"""How the codes of a version are spread, against its parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sync.trainingset.checks import Checks

_NAMED = 10


def moves(now: Mapping[str, int], before: Mapping[str, int], *, checks: Checks) -> Iterator[tuple[str, int]]:
    """What moved beyond what the checks allow, each as a sentence and the number of codes it is about."""
    gone = {code: number for code, number in before.items() if number >= checks.vanished_from and not now.get(code)}
    if gone:
        told = _named({code: f"{number}" for code, number in _most(gone)})
        yield (
            f"{len(gone)} codes are gone that the parent had {checks.vanished_from} rows of or more: {told}.",
            len(gone),
        )
    moved = _moved(now, {code: number for code, number in before.items() if code not in gone}, before, checks)
    if moved:
        told = _named({code: f"{before.get(code, 0)} to {now.get(code, 0)}" for code in moved})
        yield f"{len(moved)} codes grew or shrank {checks.growth_factor:g} times, beyond chance: {told}.", len(moved)
    distance = total_variation(now, before)
    if distance > checks.total_variation:
        limit = f"more than {checks.total_variation:g}"
        yield f"The shares of the codes moved by {distance:.2f} in total variation, {limit}.", len(now.keys() | before)


def total_variation(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Half the sum of the differences of the shares, from 0 (alike) to 1 (no code in common)."""
    sizes = sum(one.values()), sum(other.values())
    if not all(sizes):
        return 0.0
    codes = one.keys() | other.keys()
    return sum(abs(one.get(code, 0) / sizes[0] - other.get(code, 0) / sizes[1]) for code in codes) / 2


def _moved(now: Mapping[str, int], still: Mapping[str, int], before: Mapping[str, int], checks: Checks) -> list[str]:
    """Codes whose share moved by the factor, and too far for two samples of one flow.

    The test is that of two Poisson counts given their sum (Przyborowski and Wilenski, 1940), at a level divided by
    the number of codes.
    """
    sizes = sum(now.values()), sum(before.values())
    codes = [code for code in sorted(now.keys() | still) if _by_factor(code, now, before, sizes, checks.growth_factor)]
    if not codes or not all(sizes):
        return []
    level, part = checks.chance / len(now.keys() | before), sizes[0] / sum(sizes)
    return [code for code in codes if _chance(now.get(code, 0), before.get(code, 0), part) < level]


def _chance(now: int, before: int, part: float) -> float:
    """Of so many rows or more, or so few or fewer, when ``part`` of all are ours; twice the smaller tail."""
    # scipy.stats takes a second to import.
    from scipy.special import bdtr, bdtrc

    both = now + before
    below = float(bdtr(now, both, part))
    above = float(bdtrc(now - 1, both, part)) if now else 1.0
    return min(1.0, 2 * below, 2 * above)


def _by_factor(
    code: str, now: Mapping[str, int], before: Mapping[str, int], sizes: tuple[int, int], factor: float
) -> bool:
    ours, theirs = now.get(code, 0) * sizes[1], before.get(code, 0) * sizes[0]
    return ours > factor * theirs or theirs > factor * ours


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _named(told: Mapping[str, str]) -> str:
    shown = [f"{code} ({what})" for code, what in list(told.items())[:_NAMED]]
    return ", ".join(shown) + (f" and {len(told) - _NAMED} more" if len(told) > _NAMED else "")
