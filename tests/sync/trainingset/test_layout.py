from __future__ import annotations

import pytest
from pyiceberg.manifest import DataFile

from sync.trainingset import layout
from sync.trainingset.layout import StoredFile


def stored(number: int, rows: int) -> StoredFile:
    return StoredFile(f"file://{number}", rows, rows * 100, None, DataFile.from_args())


@pytest.mark.parametrize("rows", [1, 10, 1_000])
def test_to_merge__a_thousand_commits_leave_few_files_and_write_each_row_few_times(rows: int) -> None:
    files: list[StoredFile] = []
    written = 0
    for number in range(1_000):
        merged = layout.to_merge(files, rows)
        made = rows + sum(file.rows for file in merged)
        files = [file for file in files if file not in merged] + [stored(number, made)]
        written += made

        assert len(files) <= 4 * layout.FILES_OF_ONE_SIZE
    assert sum(file.rows for file in files) == 1_000 * rows
    assert written <= 5 * 1_000 * rows


def test_to_merge__large_files_are_not_written_again_for_a_small_one() -> None:
    large = [stored(number, 100_000) for number in range(6)]

    assert layout.to_merge(large, 10) == []
    assert layout.to_merge([*large, *(stored(10 + n, 12) for n in range(7))], 10) == [
        stored(10 + n, 12) for n in range(7)
    ]


@pytest.mark.parametrize(
    ("rows", "bearable"), [(0, 10_000), (3, 10_000), (100_000, 20_000), (5_000_000, 500_000), (50_000_000, 500_000)]
)
def test_bearable__grows_with_the_rows_between_bounds(rows: int, bearable: int) -> None:
    assert layout.bearable(rows) == bearable
