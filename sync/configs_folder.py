"""Where the configuration and demo files that ship with the product lie."""

from __future__ import annotations

from pathlib import Path

from annotation.errors import InstallationError

_PACKAGE = Path(__file__).resolve().parent


def configs_folder(package: Path = _PACKAGE) -> Path:
    """The folder ``configs``: inside the installed package, or beside it in a checkout.

    Raises InstallationError where neither holds the demo files.
    """
    for folder in (package / "configs", package.parent / "configs"):
        if (folder / "demo").is_dir():
            return folder
    raise InstallationError(
        f"the files of the folder configs are neither in {package} nor beside it",
        cure="Install the distribution again; the wheel carries them as sync/configs.",
    )
