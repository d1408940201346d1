"""Nomenclatures and correspondences on their way into the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from annotation.errors import InvalidInputError, NotFoundError
from annotation.ledger.repositories.quarantine import Quarantined
from annotation.ledger.unit_of_work import Ledger
from annotation.network import Reach
from annotation.nomenclature import download, readers
from annotation.nomenclature.drafts import RejectedRow
from annotation.nomenclature.layouts import Named
from annotation.nomenclature.readers import ReadOptions
from annotation.settings import CorrespondenceSource, NomenclatureSource


@dataclass(frozen=True, slots=True)
class ImportResult:
    """``new`` is False when the ledger held the same content under the same key already."""

    key: str
    origin: str
    sha256: str
    entries: int
    new: bool
    quarantined: tuple[RejectedRow, ...]


def import_nomenclature(
    *, ledger: Ledger, source: NomenclatureSource, folder: Path, now: datetime, reach: Reach = download.PUBLIC
) -> ImportResult:
    """Read, check and store a nomenclature; bad rows are quarantined, the good ones taken.

    ``folder`` receives what is downloaded, ``reach`` says from where. ``entries`` are the leaves. Raises
    InvalidInputError when a code that others hang on is bad, or nothing can be read.
    """
    path, origin, sha256 = _fetched(source.path, folder, now, reach)
    options = ReadOptions(
        sheet=source.sheet or None,
        named=Named(code=source.code_column or None, title=source.title_column or None),
        repeated=source.repeated,
        every_code_a_leaf=source.every_code_a_leaf,
        without=source.without,
    )
    read = readers.collect_nomenclature(path, key=source.key, title=source.title, options=options)
    nomenclature = read.nomenclature
    if source.notes_path:
        nomenclature = readers.merge_notes(nomenclature, _fetched(source.notes_path, folder, now, reach)[0])
    with ledger.begin() as work:
        new = work.nomenclatures.add(nomenclature, origin=origin, sha256=sha256, now=now)
        for item in _quarantined("nomenclature", origin, read.rejected, {"nomenclature": source.key}):
            work.quarantine.add(item, now=now)
    return ImportResult(source.key, origin, sha256, len(nomenclature.leaves), new, read.rejected)


def import_correspondence(
    *, ledger: Ledger, source: CorrespondenceSource, folder: Path, now: datetime, reach: Reach = download.PUBLIC
) -> ImportResult:
    """Read, check against both nomenclatures and store a correspondence; ``entries`` are its pairs."""
    path, origin, sha256 = _fetched(source.path, folder, now, reach)
    if bool(source.old_column) != bool(source.new_column):
        raise InvalidInputError("Only one of the two code columns is named.", cure="Name both, or neither.")
    with ledger.read() as work:
        old, new = work.nomenclatures.get(source.old), work.nomenclatures.get(source.new)
    read = readers.collect_correspondence(
        path,
        key=source.key,
        old=old,
        new=new,
        columns=(source.old_column, source.new_column) if source.old_column else None,
        sheet=source.sheet or None,
    )
    with ledger.begin() as work:
        added = work.nomenclatures.add_correspondence(read.correspondence, origin=origin, sha256=sha256, now=now)
        for item in _quarantined("correspondence", origin, read.rejected, {"correspondence": source.key}):
            work.quarantine.add(item, now=now)
    return ImportResult(source.key, origin, sha256, len(read.correspondence.pairs), added, read.rejected)


def _fetched(address: str, folder: Path, now: datetime, reach: Reach) -> tuple[Path, str, str]:
    if "://" in address:
        fetched = download.fetch(address, folder=folder, now=now, reach=reach)
        return fetched.path, fetched.url, fetched.sha256
    path = Path(address)
    try:
        return path, path.name, hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise NotFoundError(f"{address} does not exist.", cure="Check the path.") from error
    except OSError as error:
        raise InvalidInputError(f"{address} cannot be read ({error.strerror}).", cure="Check the path.") from error


def _quarantined(
    kind: str, origin: str, rejected: Sequence[RejectedRow], context: Mapping[str, str]
) -> list[Quarantined]:
    return [
        Quarantined(kind, origin, r.row, {"row": r.raw, "sheet": r.sheet}, f"{r.reason} {r.cure}", context)
        for r in rejected
    ]
