"""What rules changed of labels on their way into versions of a training set; append-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from annotation.ledger import statements
from annotation.ledger.repositories.texts import PAGE
from annotation.ledger.tables import LabelEditRow, LabelRow


@dataclass(frozen=True, slots=True)
class LabelEdit:
    """The rule made ``code_after`` of the label's code in the version ``tag``; None: it took the text out.

    ``expires_on`` is the rule's last day, as ISO 8601.
    """

    name: str
    tag: str
    text_key: str
    label_id: int
    rule: str
    code_before: str
    code_after: str | None
    expires_on: str | None = None


class Edits:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, edits: Iterable[LabelEdit]) -> None:
        """Append them; one that is there (version, text, rule) is left as it was."""
        pending = iter(edits)
        while page := list(islice(pending, PAGE)):
            rows = [asdict(edit) for edit in page]
            statements.insert_new(self._session, LabelEditRow, rows, key=["name", "tag", "text_key", "rule"])

    def of_version(self, name: str, tag: str) -> Iterator[LabelEdit]:
        """Those that the version was the first of its line to have, in order of text key."""
        statement = select(LabelEditRow).where(LabelEditRow.name == name, LabelEditRow.tag == tag)
        for row in self._session.scalars(statement.order_by(LabelEditRow.text_key).execution_options(yield_per=PAGE)):
            yield _edit(row)

    def of_text(self, text_key: str) -> list[LabelEdit]:
        """Oldest first, of all training sets."""
        statement = select(LabelEditRow).where(LabelEditRow.text_key == text_key).order_by(LabelEditRow.id)
        return [_edit(row) for row in self._session.scalars(statement)]

    def latest(self, name: str, text_keys: Sequence[str]) -> dict[str, LabelEdit]:
        """The last edit of each of these texts, by text key."""
        found: dict[str, LabelEdit] = {}
        for chunk in statements.chunks(text_keys):
            newest = (
                select(func.max(LabelEditRow.id))
                .where(LabelEditRow.name == name, LabelEditRow.text_key.in_(chunk))
                .group_by(LabelEditRow.text_key)
            )
            for row in self._session.scalars(select(LabelEditRow).where(LabelEditRow.id.in_(newest))):
                found[row.text_key] = _edit(row)
        return found

    def codes_of(self, label_ids: Sequence[int]) -> dict[int, str]:
        """The codes of these labels as they were given, by row id; those without a code are left out."""
        found: dict[int, str] = {}
        for chunk in statements.chunks(label_ids):
            statement = select(LabelRow.id, LabelRow.code).where(LabelRow.id.in_(chunk))
            found |= {number: code for number, code in self._session.execute(statement) if code is not None}
        return found


def _edit(row: LabelEditRow) -> LabelEdit:
    return LabelEdit(
        name=row.name,
        tag=row.tag,
        text_key=row.text_key,
        label_id=row.label_id,
        rule=row.rule,
        code_before=row.code_before,
        code_after=row.code_after,
        expires_on=row.expires_on,
    )
