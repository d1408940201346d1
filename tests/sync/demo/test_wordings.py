from __future__ import annotations

from pathlib import Path

import pytest

from annotation.errors import InvalidInputError
from sync.configs_folder import configs_folder
from sync.demo import wordings
from sync.demo.wordings import SubClass

SUB_CLASSES = wordings.read(configs_folder() / "demo" / "wordings.toml").sub_classes


def test_read__gives_about_sixty_sub_classes_each_ranked_once() -> None:
    known = wordings.read(configs_folder() / "demo" / "wordings.toml")

    assert len(known.by_frequency) == len(set(known.by_frequency)) == len(known.sub_classes) == 64


@pytest.mark.parametrize("sub_class", SUB_CLASSES.values(), ids=SUB_CLASSES.keys())
def test_read__each_sub_class_has_enough_distinct_wordings_and_recent_ones_are_new(sub_class: SubClass) -> None:
    assert 14 <= len(set(sub_class.wordings)) == len(sub_class.wordings) <= 25
    assert not set(sub_class.recent) & {wording for each in SUB_CLASSES.values() for wording in each.wordings}
    assert sub_class.code not in sub_class.neighbours


def test_read__neighbours_share_wordings() -> None:
    """Without a few of them the demo's first model would have nothing to hesitate about."""
    shared = [
        set(one.wordings) & {wording for code in one.neighbours for wording in SUB_CLASSES[code].wordings}
        for one in SUB_CLASSES.values()
    ]

    assert sum(bool(each) for each in shared) > 40


def test_read__a_code_without_a_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "wordings.toml"
    path.write_text('by_frequency = ["10.71C"]\n[sub_classes]\n', encoding="utf-8")

    with pytest.raises(InvalidInputError, match=r"wordings\.toml: 10\.71C"):
        wordings.read(path)
