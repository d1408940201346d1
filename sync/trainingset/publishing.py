"""One catalog commit that makes a version.

Held here: a version is one snapshot and one tag, made in one commit of the catalog, and neither is ever moved or
rewritten. A snapshot's Iceberg ancestry is the version's own ancestry, whatever was committed in between: a commit
first sets the branch ``main`` to the parent, changes the files there and tags, all in one catalog transaction. So
the rows of a version are those of its snapshot's data files with the highest ``sequence`` per text key, for any
reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.update import AssertRefSnapshotId, _apply_table_update, _TableMetadataUpdateContext
from pyiceberg.table.update.snapshot import ManageSnapshots

from annotation.errors import ConflictError
from sync.trainingset import lineage
from sync.trainingset import version as versions
from sync.trainingset.version import StaleParentError, Version


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that is written but not yet in force: its files are the parent's without ``gone``, and ``coming``.

    ``on_current``: only while the parent is the current version.
    """

    version: Version
    parent: Version | None
    coming: Sequence[DataFile]
    gone: Sequence[DataFile] = ()
    on_current: bool = False


def publish(table: Table, draft: Draft) -> Version:
    """``table`` must be in its newest state; one attempt, which fails when others commit meanwhile."""
    made = draft.version
    if made.tag in table.refs():
        return same(lineage.version(table, made.tag), made)
    if draft.on_current:
        require_current(table, draft.parent)
    if draft.parent is not None:
        lineage.version(table, draft.parent.tag)
    with _Frugal(table) as transaction:
        transaction._stage((), (_TagIsFree(ref=made.tag),))
        if draft.parent is not None:
            transaction._stage((), (_ParentIsThere(ref=draft.parent.tag, snapshot_id=draft.parent.snapshot_id),))
        _set_main(transaction, draft.parent)
        _change_files(transaction, draft)
        snapshot_id = transaction.table_metadata.refs[MAIN_BRANCH].snapshot_id
        ManageSnapshots(transaction).create_tag(snapshot_id, made.tag).commit()
    return replace(made, snapshot_id=snapshot_id)


def name(table: Table, existing: str, other: str) -> Version:
    """Gives a version another name; ``table`` as in ``publish``."""
    found = lineage.version(table, existing)
    if other in table.refs():
        named = lineage.version(table, other)
        if named.snapshot_id != found.snapshot_id:
            raise ConflictError(f"{other} names {named.tag} already.", cure="A name never moves: choose another.")
        return found
    with table.transaction() as transaction:
        ManageSnapshots(transaction).create_tag(found.snapshot_id, other).commit()
    return found


def require_current(table: Table, parent: Version | None) -> None:
    current = lineage.current(table)
    if parent is None or current is None or current.snapshot_id != parent.snapshot_id:
        raise StaleParentError(
            f"{parent.tag if parent else 'Nothing'} is no longer the current version: "
            f"{current.tag if current else 'none'} is.",
            cure="Run the command again: it starts from the current version.",
        )


def same(existing: Version, wanted: Version) -> Version:
    if existing.digest != wanted.digest:
        raise ConflictError(
            f"{existing.tag} exists with another content ({existing.rows} rows, digest {existing.digest[:12]}).",
            cure="A version never changes: use another tag.",
        )
    return existing


class _Frugal(Transaction):
    """pyiceberg's applies all updates to a deep copy of the metadata whenever it looks at them (0.12): 22 times for a
    commit, which takes seconds when there are a thousand versions. None of what it does with them changes them."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._context = _TableMetadataUpdateContext()
        self._applied = 0
        self._updated = table.metadata

    @property
    def table_metadata(self) -> TableMetadata:
        for update in self._updates[self._applied :]:
            self._updated = _apply_table_update(update, self._updated, self._context)
        self._applied = len(self._updates)
        return self._updated


class _TagIsFree(AssertRefSnapshotId):
    """Of each type of requirement a transaction keeps only the first, so this one needs a type of its own."""

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]
        if base_metadata is not None and self.ref in base_metadata.refs:
            raise CommitFailedException(f"{self.ref} was created by another process")


class _ParentIsThere(AssertRefSnapshotId):
    """Else a parent collected meanwhile would take the files along that the child shares with it."""

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]
        ref = None if base_metadata is None else base_metadata.refs.get(self.ref)
        if ref is None or ref.snapshot_id != self.snapshot_id:
            raise CommitFailedException(f"{self.ref} was collected by another process")


def _set_main(transaction: Transaction, parent: Version | None) -> None:
    """Make the next snapshot a child of the parent; the commit fails if somebody moves ``main`` meanwhile."""
    head = transaction.table_metadata.current_snapshot()
    wanted = None if parent is None else parent.snapshot_id
    if head is None or head.snapshot_id == wanted:
        return
    if wanted is None:
        ManageSnapshots(transaction).remove_branch(MAIN_BRANCH).commit()
    else:
        ManageSnapshots(transaction).set_current_snapshot(wanted)


def _change_files(transaction: Transaction, draft: Draft) -> None:
    update = transaction.update_snapshot(snapshot_properties=versions.to_summary(draft.version))
    snapshot = update.overwrite() if draft.gone else update.merge_append()
    for file in draft.coming:
        snapshot.append_data_file(file)
    for file in draft.gone:
        snapshot.delete_data_file(file)
    snapshot.commit()
