"""Arguments that several of these commands take."""

from __future__ import annotations

from typing import Annotated

import typer

Tag = Annotated[str, typer.Argument(help="Tag or other name of the version, such as v3. Default: the current one.")]
TagNeeded = Annotated[str, typer.Argument(help="Tag or other name of a version, such as v3.")]
