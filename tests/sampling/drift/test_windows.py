from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from annotation.domain.campaign import Draw
from annotation.domain.declaration import Window
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from sampling.drift import windows
from sampling.drift.windows import Windows
from sampling.settings import DriftSettings
from tests.parts import pools

SETTINGS = DriftSettings(window_days=10, reference_days=100)


def choose(ledger: Ledger) -> Windows:
    return windows.choose(ledger=ledger, campaign_key="main", settings=SETTINGS)


def drawn(ledger: Ledger, key: str, window: str) -> None:
    with ledger.begin() as work:
        work.draws.add(Draw(key, "main", 1, None, "", window, {}, pools.START))


def test_choose__first_window_has_the_configured_length(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    pools.arrive(ledger, [f"texte {n}" for n in range(28)])

    chosen = choose(ledger)

    newest = pools.START + timedelta(days=27)
    assert chosen.current.start <= newest < chosen.current.end
    assert chosen.current.end - chosen.current.start == timedelta(days=10)
    assert chosen.reference == Window(chosen.current.start - timedelta(days=100), chosen.current.start)


def test_choose__goes_on_where_the_last_draw_ended(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    pools.arrive(ledger, ["un", "deux"])
    first = choose(ledger)
    drawn(ledger, "d1", str(first.current))
    drawn(ledger, "revision", "")
    pools.arrive(ledger, ["trois", "quatre"], first_day=30)

    second = choose(ledger)

    assert second.current.start == first.current.end
    assert second.current.end > pools.START + timedelta(days=30)


def test_choose__nothing_arrived_since_the_last_draw(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    pools.arrive(ledger, ["un", "deux"])
    first = choose(ledger)
    drawn(ledger, "d1", str(first.current))

    assert choose(ledger) == first


def test_choose__no_declarations(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="awb texts import"):
        choose(pools.ledger(tmp_path))


def test_parse__reads_what_a_window_writes() -> None:
    window = Window(pools.START, pools.START + timedelta(microseconds=1))

    assert windows.parse(str(window)) == window


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2026-03", "2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00+00:00"),
        ("2025-12", "2025-12-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01/2026-03-01", "2026-01-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"),
        ("2026-01-01T12:00:00+01:00/2026-01-02", "2026-01-01T12:00:00+01:00", "2026-01-02T00:00:00+00:00"),
    ],
)
def test_given__a_window_as_people_write_it(written: str, start: str, end: str) -> None:
    assert str(windows.given(written, option="--current")) == f"{start}/{end}"


@pytest.mark.parametrize("written", ["yesterday", "2026-13", "2026-03-01", "2026-03-02/2026-03-01", "a/b/c"])
def test_given__what_is_no_window_names_the_option(written: str) -> None:
    with pytest.raises(InvalidInputError, match="--current"):
        windows.given(written, option="--current")


def test_replaced__a_current_window_alone_takes_the_time_before_it() -> None:
    chosen = Windows(Window(pools.START, pools.START), Window(pools.START, pools.START))
    march = windows.given("2026-03", option="--current")

    assert windows.replaced(chosen, reference=None, current=None, days=10) == chosen
    assert windows.replaced(chosen, reference=None, current=march, days=10) == Windows(
        Window(march.start - timedelta(days=10), march.start), march
    )
