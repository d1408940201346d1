"""What the last replay of the past said, for the page on what the annotation brought."""

from __future__ import annotations

import json
from pathlib import Path

from annotation.api.brought_pages import REPLAY_FILE
from annotation.campaign.brought import Saving
from annotation.errors import InvalidInputError
from sync.settings import Settings


def last(settings: Settings) -> Saving | None:
    """Of the strategy that draws use where it was played, else of the one that the replay would take.

    The result is looked for where ``awb replay --to`` was told to write it, in the home folder; None where there is
    none. InvalidInputError for a file that is no result of a replay.
    """
    file = settings.home / REPLAY_FILE
    return read(file, strategy=settings.draw.strategy) if file.is_file() else None


def read(file: Path, *, strategy: str) -> Saving:
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
        name = strategy if strategy in result["saved"] else result["default"]
        saved = result["saved"][name]
        return Saving(name, float(saved["end"]), saved["low"], saved["high"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"{file} is no result of a replay.", cure="Write it with: awb replay --output json --to replay.json"
        ) from error
