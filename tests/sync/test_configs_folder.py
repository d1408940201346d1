from __future__ import annotations

from pathlib import Path

import pytest

from annotation.errors import InstallationError
from sync.configs_folder import configs_folder


def test_configs_folder__of_this_installation_holds_the_demo_files() -> None:
    assert (configs_folder() / "demo" / "wordings.toml").is_file()


def test_configs_folder__in_a_checkout_lies_beside_the_package(tmp_path: Path) -> None:
    (tmp_path / "sync").mkdir()
    (tmp_path / "configs" / "demo").mkdir(parents=True)

    assert configs_folder(tmp_path / "sync") == tmp_path / "configs"


def test_configs_folder__in_a_wheel_lies_inside_the_package_whatever_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sync" / "configs" / "demo").mkdir(parents=True)
    (tmp_path / "configs" / "demo").mkdir(parents=True)

    assert configs_folder(tmp_path / "sync") == tmp_path / "sync" / "configs"


def test_configs_folder__missing_says_how_to_cure_it(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="Install the distribution again"):
        configs_folder(tmp_path / "sync")
