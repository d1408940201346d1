"""Against worked examples as their authors published them, and against other people's libraries."""

from __future__ import annotations

import json
import math
import time

import krippendorff
import numpy as np
import pytest
from statsmodels.stats import inter_rater

from annotation.nomenclature.nomenclature import Code, Nomenclature
from annotation.quality import agreement, coefficients, cohen, ratings
from annotation.quality.agreement import NAMES, Agreement, Coefficient
from annotation.quality.coefficients import Disagreement
from annotation.quality.ratings import Ratings
from tests.parts.simulated_ratings import World

# Fleiss (1971): thirty patients, six psychiatrists each, five diagnoses.
DIAGNOSES = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
    "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)

# Krippendorff (2011), used by Gwet (2014) too: twelve units, four observers; a dot where one did not look.
OBSERVERS = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .")

TREE = Nomenclature(
    key="tree",
    title="Three levels",
    codes=[
        Code("A", 1, None, "", leaf=False),
        Code("A1", 2, "A", "", leaf=False),
        Code("A1x", 3, "A1", ""),
        Code("A1y", 3, "A1", ""),
        Code("A2", 2, "A", ""),
        Code("B", 1, None, "", leaf=False),
        Code("B1", 3, "B", ""),
    ],
)


def by_observer(*rows: str) -> Agreement:
    """One string per coder, a code per unit."""
    told = [(unit, coder, code) for coder, row in enumerate(rows) for unit, code in enumerate(row.split())]
    return measured([one for one in told if one[2] != "."])


def counted(table: list[list[int]]) -> Agreement:
    """How often two coders gave each pair of codes."""
    pairs = [(a, b) for a, row in enumerate(table) for b, number in enumerate(row) for _ in range(number)]
    return measured([(unit, coder, code) for unit, pair in enumerate(pairs) for coder, code in enumerate(pair)])


def measured(told: list[tuple[int, int, object]], nomenclature: Nomenclature | None = None) -> Agreement:
    units, coders, codes = zip(*told, strict=True) if told else ((), (), ())
    return agreement.measure(units, coders, codes, nomenclature=nomenclature)


def value(found: Coefficient | None) -> float:
    assert found is not None
    return found.value


def random_table(seed: int, *, answered: float = 1.0) -> Ratings:
    random = np.random.default_rng(seed)
    world = World(int(random.integers(2, 9)), int(random.integers(2, 6)), 0.8, answered)
    return world.draw(int(random.integers(8, 60)), random)


def long(table: Ratings) -> list[tuple[int, int, object]]:
    return list(zip(table.unit.tolist(), table.coder.tolist(), table.code.tolist(), strict=True))


def test_measure__fleiss_gives_the_kappa_of_the_psychiatrists() -> None:
    told = []
    for patient, counts in enumerate(DIAGNOSES.split()):
        codes = [code for code, number in enumerate(counts) for _ in range(int(number))]
        told += [(patient, psychiatrist, code) for psychiatrist, code in enumerate(codes)]
    found = measured(told)

    assert value(found.fleiss) == pytest.approx(0.430, abs=5e-4)
    assert value(found.percent) == pytest.approx(0.556, abs=5e-4)


def test_measure__cohen_gives_the_kappa_of_his_paper() -> None:
    found = counted([[88, 14, 18], [10, 40, 10], [2, 6, 12]])

    assert value(found.percent) == pytest.approx(0.70)
    assert value(found.cohen) == pytest.approx(0.492, abs=5e-4)


def test_measure__krippendorff_gives_the_alphas_of_his_examples() -> None:
    binary = by_observer("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
    nominal = by_observer("a a b b d c c c e d d a", "b a b b b c c c e d d d")

    assert value(binary.krippendorff) == pytest.approx(0.095, abs=5e-4)
    assert value(nominal.krippendorff) == pytest.approx(0.692, abs=5e-4)
    assert value(by_observer(*OBSERVERS).krippendorff) == pytest.approx(0.743, abs=5e-4)


def test_measure__missing_ratings_are_handled_as_in_the_handbook_of_gwet() -> None:
    found = by_observer(*OBSERVERS)

    assert value(found.percent) == pytest.approx(0.81818, abs=5e-6)
    assert value(found.fleiss) == pytest.approx(0.76117, abs=5e-6)
    assert value(found.gwet) == pytest.approx(0.77544, abs=5e-6)
    assert (found.units, found.coders, found.judgements) == (11, 4, 41)


def test_measure__gwet_is_not_led_astray_by_a_code_that_nearly_all_texts_have() -> None:
    found = counted([[118, 5], [2, 0]])

    assert value(found.gwet) == pytest.approx(0.9408, abs=5e-5)
    assert value(found.cohen) == pytest.approx(-0.0234, abs=5e-5)


@pytest.mark.parametrize("seed", range(8))
def test_measure__complete_tables_agree_with_statsmodels_and_krippendorff(seed: int) -> None:
    table = random_table(seed)
    codes = table.code.reshape(table.units, table.coders)
    found = measured(long(table))
    counts = inter_rater.aggregate_raters(codes)[0]
    pairs = [(a, b) for a in range(table.coders) for b in range(a)]
    kappas = [inter_rater.cohens_kappa(inter_rater.to_table(codes[:, pair], table.codes)[0]).kappa for pair in pairs]

    assert value(found.fleiss) == pytest.approx(inter_rater.fleiss_kappa(counts), abs=1e-9)
    assert value(found.cohen) == pytest.approx(float(np.mean(kappas)), abs=1e-9)
    assert value(found.krippendorff) == pytest.approx(
        krippendorff.alpha(reliability_data=codes.T.astype(float), level_of_measurement="nominal"), abs=1e-9
    )


@pytest.mark.parametrize("seed", range(8))
def test_measure__tables_with_holes_agree_with_krippendorff(seed: int) -> None:
    table = random_table(seed, answered=0.6)
    data = np.full((table.coders, table.units), np.nan)
    data[table.coder, table.unit] = table.code

    assert value(measured(long(table)).krippendorff) == pytest.approx(
        krippendorff.alpha(reliability_data=data, level_of_measurement="nominal"), abs=1e-9
    )


def test_measure__the_hierarchical_distance_is_the_share_of_levels_that_differ() -> None:
    random = np.random.default_rng(3)
    leaves = ["A1x", "A1y", "A2", "B1"]
    codes = random.integers(0, 4, (40, 3))
    codes[:, 1] = np.where(random.random(40) < 0.7, codes[:, 0], codes[:, 1])
    told = [(unit, coder, leaves[codes[unit, coder]]) for unit in range(40) for coder in range(3)]
    # By hand: A1x and A1y differ on the third level alone, A1x and A2 on the second and third.
    apart = np.array([[0, 1, 2, 3], [1, 0, 2, 3], [2, 2, 0, 3], [3, 3, 3, 0]]) / 3

    def distance(v1: np.ndarray, v2: np.ndarray, **_: object) -> np.ndarray:
        return apart[v1.astype(int), v2.astype(int)]

    wanted = krippendorff.alpha(
        reliability_data=codes.T.astype(float), value_domain=np.arange(4.0), level_of_measurement=distance
    )
    found = measured(told, TREE)

    assert value(found.krippendorff_hierarchical) == pytest.approx(wanted, abs=1e-9)
    assert value(found.krippendorff_hierarchical) != pytest.approx(value(found.krippendorff), abs=1e-3)


def test_measure__levels_cut_the_codes() -> None:
    found = measured([(1, 1, "A1x"), (1, 2, "A1y"), (2, 1, "A1x"), (2, 2, "B1"), (3, 1, "A2"), (3, 2, "A2")], TREE)

    assert [round(value(found.levels[level].percent), 3) for level in (1, 2, 3)] == [0.667, 0.667, 0.333]
    assert value(found.percent) == value(found.levels[3].percent)


def test_measure__a_code_that_the_nomenclature_lacks_is_its_own_on_each_level() -> None:
    found = measured([(1, 1, "A1x"), (1, 2, "@none"), (2, 1, "@none"), (2, 2, "@none")], TREE)

    assert value(found.levels[1].percent) == 0.5


def test_measure__the_last_word_of_a_coder_counts() -> None:
    found = measured([(1, 1, "a"), (1, 2, "b"), (2, 1, "b"), (2, 2, "b"), (1, 1, "b")])

    assert (value(found.percent), found.judgements) == (1.0, 4)


def test_measure__two_coders_of_many_share_what_they_share() -> None:
    """Three coders: the pairs' kappas are weighted by the texts that each pair shares."""
    told = [
        (unit, coder, code) for unit, codes in enumerate(["ab", "aa", "bb", "bb"]) for coder, code in enumerate(codes)
    ]
    alone = value(measured(told).cohen)
    other = [(10 + unit, coder, code) for unit, codes in enumerate(["ab", "ba"]) for coder, code in enumerate(codes, 1)]

    assert value(measured(told + other).cohen) == pytest.approx((4 * alone + 2 * -1.0) / 6)


@pytest.mark.parametrize("name", ["observed", "fleiss", "krippendorff", "gwet", "cohen"])
def test_coefficients__each_unit_left_out_is_what_the_table_without_it_gives(name: str) -> None:
    # So many units that no code leaves with one of them: for Gwet's AC1 the scale would have a code less.
    table = World(4, 3, 0.8, 0.8).draw(60, np.random.default_rng(5)).paired()
    measure = cohen.cohen if name == "cohen" else getattr(coefficients, name)
    whole = measure(table)
    assert isinstance(whole, Disagreement)
    quick = whole.observed_without / whole.expected_without
    slow = []
    for unit in range(table.units):
        rows = [one for one in long(table) if one[0] != unit]
        found = measure(ratings.number(*zip(*rows, strict=True))[0])
        slow.append(found.observed / found.expected)

    assert quick == pytest.approx(slow, abs=1e-9)


@pytest.mark.parametrize(
    ("told", "valueless"),
    [
        ([], set(NAMES)),
        ([(1, 1, "a"), (2, 1, "a")], set(NAMES)),
        ([(1, 1, "a"), (1, 2, "a"), (2, 1, "a"), (2, 2, "a")], set(NAMES) - {"percent"}),
        ([(1, 1, "a"), (1, 2, "b")], {"krippendorff_hierarchical"}),
        ([(1, 1, "a"), (1, 2, "a"), (2, 1, "b"), (2, 2, "b")], {"krippendorff_hierarchical"}),
        ([(1, 1, "a"), (1, 2, "b"), (2, 1, "a"), (2, 2, "b")], {"krippendorff_hierarchical"}),
    ],
    ids=["nothing", "single answers", "one code", "one text", "all agree", "none agrees"],
)
def test_measure__what_has_no_value_is_null_and_never_nan(
    told: list[tuple[int, int, object]], valueless: set[str]
) -> None:
    found = measured(told)
    shown = json.loads(json.dumps(found.as_dict(), allow_nan=False))

    assert {name for name in NAMES if shown[name]["value"] is None} == valueless
    for name in NAMES:
        low, high = shown[name]["low"], shown[name]["high"]
        assert low is None or -1 <= low <= shown[name]["value"] <= high <= 1


def test_measure__agreement_on_all_texts_leaves_room_for_doubt() -> None:
    few = measured([(unit, coder, unit % 3) for unit in range(20) for coder in range(2)])
    many = measured([(unit, coder, unit % 3) for unit in range(2000) for coder in range(2)])

    for found, least in ((few, 0.7), (many, 0.99)):
        for name in ("percent", "cohen", "fleiss", "krippendorff", "gwet"):
            one = getattr(found, name)
            assert one.value == 1
            assert one.high == 1
            assert least < one.low < 1


def test_measure__intervals_hold_the_truth() -> None:
    """A quick look; the benchmark looks at length."""
    world = World(6, 3, 0.85, 0.8)
    whole = agreement.measure(*map(list, zip(*long(world.draw(100_000, np.random.default_rng(1))), strict=True)))
    held = dict.fromkeys(("percent", "fleiss", "krippendorff", "gwet"), 0)
    random = np.random.default_rng(2)
    for _ in range(200):
        found = measured(long(world.draw(60, random)))
        for name in held:
            one, truth = getattr(found, name), value(getattr(whole, name))
            held[name] += one.low <= truth <= one.high

    assert all(0.90 <= number / 200 <= 0.99 for number in held.values()), held


def test_measure__a_hundred_thousand_judgements_take_seconds() -> None:
    table = World(700, 5, 0.85).draw(20_000, np.random.default_rng(1))
    told = long(table)
    began = time.perf_counter()
    found = measured(told)

    assert time.perf_counter() - began < 10
    assert not math.isnan(value(found.cohen))
