"""The settings file that `awb init` and the demo leave in a home folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sync.settings import Settings

DEFAULT_HOME: Final = Path(".awb")
HOME_CONFIG: Final = "awb.toml"


def load(config: Path | None, home: Path | None) -> Settings:
    """The settings of ``config``, else of the file in the home folder, else the defaults."""
    remembered = (home or DEFAULT_HOME) / HOME_CONFIG
    if config is None and remembered.is_file():
        return Settings.load(remembered, home=home or DEFAULT_HOME)
    return Settings.load(config, home=home)
