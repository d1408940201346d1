"""Nomenclatures and the tables between their versions."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from annotation.errors import ConflictError, NotFoundError
from annotation.ledger import statements
from annotation.ledger.tables import CodeRow, CorrespondencePairRow, CorrespondenceRow, NomenclatureRow
from annotation.nomenclature.correspondence import Correspondence
from annotation.nomenclature.nomenclature import Code, Nomenclature


class Nomenclatures:
    """A nomenclature is immutable under its key: a revision comes in under another key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, nomenclature: Nomenclature, *, origin: str, sha256: str, now: datetime) -> bool:
        """Store it and say whether it was new; the same content again is no error."""
        if self._session.get(NomenclatureRow, nomenclature.key):
            if self.get(nomenclature.key).codes != nomenclature.codes:
                raise ConflictError(
                    f"The nomenclature {nomenclature.key} is already there with other codes or titles.",
                    cure="Import the new content under a new key (--key); labels refer to the old one.",
                )
            return False
        self._session.add(
            NomenclatureRow(
                key=nomenclature.key, title=nomenclature.title, origin=origin, sha256=sha256, imported_at=now
            )
        )
        self._session.flush()
        statements.insert_all(
            self._session,
            CodeRow,
            [{"nomenclature": nomenclature.key} | asdict(c) for c in nomenclature.codes.values()],
        )
        return True

    def get(self, key: str) -> Nomenclature:
        row = self._session.get(NomenclatureRow, key)
        if row is None:
            known = ", ".join(self.keys()) or "none"
            raise NotFoundError(
                f"There is no nomenclature {key} (known: {known}).", cure="Bring it in with: awb nomenclature import"
            )
        codes = self._session.scalars(select(CodeRow).where(CodeRow.nomenclature == key).order_by(CodeRow.position))
        return Nomenclature(key=row.key, title=row.title, codes=[_code(c) for c in codes])

    def keys(self) -> list[str]:
        return list(self._session.scalars(select(NomenclatureRow.key).order_by(NomenclatureRow.key)))

    def add_correspondence(self, table: Correspondence, *, origin: str, sha256: str, now: datetime) -> bool:
        if self._session.get(CorrespondenceRow, table.key):
            if set(self.correspondence(table.key).pairs) != set(table.pairs):
                raise ConflictError(
                    f"The correspondence {table.key} is already there with other pairs.",
                    cure="Import the new version of the table under a new key (--key).",
                )
            return False
        self._session.add(
            CorrespondenceRow(
                key=table.key, old=table.source, new=table.target, origin=origin, sha256=sha256, imported_at=now
            )
        )
        self._session.flush()
        statements.insert_all(
            self._session,
            CorrespondencePairRow,
            [
                {"correspondence": table.key, "old_code": old, "new_code": new, "position": position}
                for position, (old, new) in enumerate(table.pairs)
            ],
        )
        return True

    def correspondence(self, key: str) -> Correspondence:
        row = self._session.get(CorrespondenceRow, key)
        if row is None:
            known = ", ".join(self.correspondence_keys()) or "none"
            raise NotFoundError(
                f"There is no correspondence {key} (known: {known}).",
                cure="Bring it in with: awb correspondence import",
            )
        pairs = self._session.execute(
            select(CorrespondencePairRow.old_code, CorrespondencePairRow.new_code)
            .where(CorrespondencePairRow.correspondence == key)
            .order_by(CorrespondencePairRow.position)
        )
        return Correspondence(key=key, source=row.old, target=row.new, pairs=tuple((old, new) for old, new in pairs))

    def correspondence_keys(self) -> list[str]:
        return list(self._session.scalars(select(CorrespondenceRow.key).order_by(CorrespondenceRow.imported_at)))


def _code(row: CodeRow) -> Code:
    return Code(
        code=row.code,
        level=row.level,
        parent=row.parent,
        title=row.title,
        includes=row.includes,
        also_includes=row.also_includes,
        excludes=row.excludes,
        leaf=row.leaf,
        position=row.position,
    )
