"""Ledgers as former programs left them: the tables of each released revision, with rows in every one.

The values are those that get lost on the way from one database or program to another: moments with microseconds,
integers beyond 53 bits, NULL beside the empty string, null within JSON, accents, halves of characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from annotation.ledger.tables import UtcDateTime
from annotation.ledger.unit_of_work import Ledger

RELEASED = ("0001", "0002", "0003", "0004")
FIRST_ID = 9001

Rows = dict[str, list[dict[str, Any]]]

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
BIG = 2**62 + 1
PLATFORM = "label-studio:1"

ROWS: Rows = {
    "nomenclature": [
        {"key": "nace", "title": "NACE rév. 2", "origin": "nace.csv", "sha256": "a" * 64, "imported_at": NOON},
        {"key": "nace-new", "title": "", "origin": "", "sha256": "b" * 64, "imported_at": MIDNIGHT},
    ],
    "code": [
        {"nomenclature": "nace", "code": "01", "position": 0, "level": 1, "parent": None, "title": "Cultures",
         "includes": "blé, orge", "also_includes": "", "excludes": "", "leaf": False},
        {"nomenclature": "nace", "code": "01.11", "position": 1, "level": 2, "parent": "01", "title": "Céréales",
         "includes": "", "also_includes": "", "excludes": "riz", "leaf": True},
        {"nomenclature": "nace-new", "code": "01.1A", "position": 0, "level": 1, "parent": None, "title": "Grains",
         "includes": "", "also_includes": "", "excludes": "", "leaf": True},
    ],
    "correspondence": [
        {"key": "old-new", "old": "nace", "new": "nace-new", "origin": "", "sha256": "c" * 64, "imported_at": NOON},
    ],
    "correspondence_pair": [
        {"correspondence": "old-new", "old_code": "01.11", "new_code": "01.1A", "position": 0},
    ],
    "text": [
        {"key": "w1", "group_key": "g1", "text": "culture de blé  « tendre » ☃",
         "variables": {"surface": "2", "cj": ""}, "first_seen_at": NOON, "erased_at": None},
        {"key": "w2", "group_key": "g2", "text": "", "variables": {}, "first_seen_at": MIDNIGHT, "erased_at": NOON},
    ],
    "declaration": [
        {"id": FIRST_ID, "source": "register", "external_id": "7", "text_key": "w1", "declared_at": MIDNIGHT,
         "code": None, "imported_at": NOON},
        {"id": FIRST_ID + 1, "source": "register", "external_id": "8", "text_key": "w1", "declared_at": NOON,
         "code": "", "imported_at": NOON},
    ],
    "prediction": [
        {"id": FIRST_ID, "text_key": "w1", "model_version": "old/1", "codes": ["01.11", "01.1A"],
         "probabilities": [0.1 + 0.2, 1e-07], "margin": 0.30000000000000004, "entropy": 5e-324, "known": 1.0,
         "predicted_at": NOON},
    ],
    "campaign": [
        {"key": "first", "title": "La première", "nomenclature": "nace", "language": "fr", "created_at": NOON,
         "closed_at": None},
    ],
    "campaign_policy": [
        {"id": FIRST_ID, "campaign": "first", "document": {"seats": 3}, "set_by": "admin",
         "set_at": NOON},
    ],
    "draw": [
        {"id": FIRST_ID, "key": "draw-old", "campaign": "first", "seed": BIG, "model_version": None,
         "reference_window": "", "current_window": "2026-01-01/2026-02-01", "recipe": {"budget": {"audit": 1}},
         "drawn_at": NOON},
    ],
    "task": [
        {"key": "task-old", "draw_id": FIRST_ID, "text_key": "w1", "component": "audit", "stratum": "all",
         "inclusion_probability": 1 / 3, "seat": 1, "reason": "Tirée au hasard.", "candidates": ["01.11"],
         "probabilities": [0.9], "model_version": "old/1", "frequency": 3, "confidence": None, "kind": "arbitration",
         "blind": True},
    ],
    "project": [
        {"campaign": "first", "platform": PLATFORM, "queue": "", "external_id": 12, "created_at": NOON,
         "cursor": MIDNIGHT, "webhook_id": None},
    ],
    "platform_reference": [
        {"id": FIRST_ID, "task_key": "task-old", "platform": PLATFORM, "project_id": 12, "external_id": 345,
         "pushed_at": NOON, "vanished_at": None},
    ],
    "coder": [
        {"pseudonym": "C901", "platform": PLATFORM, "external_id": "9", "email": "c@example.org", "seen_at": NOON},
        {"pseudonym": "C902", "platform": PLATFORM, "external_id": "10", "email": None, "seen_at": NOON},
    ],
    "enrolment": [
        {"id": FIRST_ID, "campaign": "first", "coder": "C901", "state": "active", "arbiter": False,
         "skills": ["G", "47"], "reason": "", "enrolled_at": NOON},
    ],
    "assignment": [
        {"id": FIRST_ID, "task_key": "task-old", "queue": "C901", "assigned_at": NOON, "expires_at": None},
    ],
    "gold": [
        {"id": FIRST_ID, "nomenclature": "nace", "text_key": "w2", "code": "01.11", "note": "", "evidence": "by hand",
         "retired": False, "recorded_at": NOON},
    ],
    "judgement": [
        {"id": FIRST_ID, "task_key": "task-old", "platform": PLATFORM, "external_id": "77", "coder": "C901",
         "outcome": "coded", "code": "01.11", "judged_at": NOON, "lead_time": 12.25, "comment": "d'accord\n« oui »",
         "difficulty": None, "detail": "", "deleted": False, "raw": {"result": [{"é": None, "n": 2**53 + 1}]},
         "digest": "d" * 64, "recorded_at": MIDNIGHT},
        {"id": FIRST_ID + 1, "task_key": "task-old", "platform": PLATFORM, "external_id": "78", "coder": "C902",
         "outcome": "unclassifiable", "code": None, "judged_at": MIDNIGHT, "lead_time": None, "comment": "",
         "difficulty": 3, "detail": "trop vague", "deleted": True, "raw": {}, "digest": "e" * 64,
         "recorded_at": MIDNIGHT},
    ],
    "label": [
        {"id": FIRST_ID, "text_key": "w1", "nomenclature": "nace", "code": "01.11", "source": "coder", "weight": 0.7,
         "coder": "C901", "judgement_id": FIRST_ID, "evidence": "", "judgements": [FIRST_ID], "settled_at": NOON},
        {"id": FIRST_ID + 1, "text_key": "w2", "nomenclature": "nace", "code": None, "source": "import", "weight": 0.0,
         "coder": None, "judgement_id": None, "evidence": "taken back", "judgements": [], "settled_at": MIDNIGHT},
    ],
    "evaluation_member": [
        {"id": FIRST_ID, "nomenclature": "nace", "text_key": "w1", "group_key": "g1", "task_key": "task-old",
         "stratum": "1: all", "inclusion_probability": 1 / 3, "added_at": NOON},
    ],
    "quarantine": [
        {"id": FIRST_ID, "kind": "text", "origin": "juillet.csv", "row": None, "raw": {"code": "99.99Z"},
         "reason": "no code", "digest": "f" * 64, "quarantined_at": NOON},
    ],
    "quarantine_settlement": [
        {"id": FIRST_ID, "quarantine_id": FIRST_ID, "outcome": "dropped", "reason": "", "settled_by": "admin",
         "settled_at": NOON},
    ],
    "trainingset_version": [
        {"name": "old-set", "tag": "v1", "parent": None, "snapshot_id": BIG, "rows": 1, "digest": "1" * 64,
         "recipe": {"seed": 1, "sources": ["coder"]}, "built_at": NOON, "report": {"codes": {"01.11": 1}},
         "collected_at": None},
    ],
    "label_edit": [
        {"id": FIRST_ID, "name": "old-set", "tag": "v1", "text_key": "w1", "label_id": FIRST_ID, "rule": "r1",
         "code_before": "01.11", "code_after": None, "expires_on": "2026-12-31"},
    ],
    "model_version": [
        {"name": "old", "version": "1", "nomenclature": "nace", "trainingset_tag": "v1",
         "trainingset_digest": "1" * 64, "training_key": "key", "run_id": "run", "sha256": "2" * 64,
         "parameters": {"dim": 100, "lr": 0.5}, "metrics": {"accuracy": None}, "trained_at": NOON},
    ],
    "calibration": [
        {"id": FIRST_ID, "model_version": "old/1", "document": {"kind": "temperature", "value": 1.5}, "figures": {},
         "fitted_at": NOON},
    ],
    "decision": [
        {"id": FIRST_ID, "kind": "promote", "subject": "old/1", "accepted": True, "reason": "Mieux.",
         "figures": {"difference": -0.5}, "decided_at": NOON},
    ],
    "webhook_inbox": [
        {"id": FIRST_ID, "action": "ANNOTATION_CREATED", "project_id": None,
         "payload": {"emoji": "🙂", "half": "\ud83d"}, "received_at": NOON, "processed_at": None},
    ],
    "event": [
        {"id": FIRST_ID, "kind": "pull", "subject": "first", "payload": {"new": 2, "list": [[], {}, ""]},
         "happened_at": NOON},
    ],
    "account": [
        {"id": FIRST_ID, "email": "ada@example.org", "role": "admin", "password_hash": "$argon2id$x", "issuer": None,
         "subject": None, "epoch": 2, "created_at": NOON, "disabled_at": None},
    ],
    "api_token": [
        {"id": FIRST_ID, "account_id": FIRST_ID, "name": "nightly", "digest": "3" * 64, "scope": "read",
         "created_at": NOON, "expires_at": MIDNIGHT, "revoked_at": None, "last_used_at": None},
    ],
    "audit": [
        {"id": FIRST_ID, "account_id": None, "action": "coder_export", "subject": "C901", "detail": {"rows": 1},
         "address": "127.0.0.1", "happened_at": NOON},
    ],
    "turn": [{"campaign": "first", "number": 1, "started_at": NOON, "finished_at": None}],
    "turn_step": [
        {"campaign": "first", "turn": 1, "step": "draw", "result": {"tasks": 1}, "finished_at": MIDNIGHT},
    ],
    "lease": [
        {"name": "turn", "holder": "host:1", "taken_at": NOON, "expires_at": NOON + timedelta(hours=1)},
    ],
}  # fmt: skip
"""Parents before children, with the columns of the newest revision; each former one takes those that it has."""


def fill(url: str, revision: str) -> Rows:
    """Makes the ledger of that revision and gives the rows written."""
    with closing(Ledger.open(url)) as ledger:
        ledger.migrate(revision)
    written: Rows = {}
    with _connected(url) as connection:
        tables = _tables(connection)
        for name, rows in ROWS.items():
            if name in tables:
                kept = [_fitting(row, tables[name], connection) for row in rows]
                connection.execute(tables[name].insert(), kept)
                written[name] = kept
    return written


def read(url: str) -> Rows:
    """Every row of every table in the database, the catalog's among them, sorted."""
    with _connected(url) as connection:
        tables = _tables(connection)
        rows = {name: [dict(row._mapping) for row in connection.execute(t.select())] for name, t in tables.items()}
    return {name: sorted(found, key=repr) for name, found in rows.items()}


def _fitting(row: dict[str, Any], table: sa.Table, connection: sa.Connection) -> dict[str, Any]:
    fitting = {name: value for name, value in row.items() if name in table.columns}
    if connection.dialect.name == "postgresql" and table.name == "webhook_inbox":
        # PostgreSQL holds no half of a character.
        return fitting | {"payload": {"emoji": "🙂"}}
    return fitting


def _tables(connection: sa.Connection) -> dict[str, sa.Table]:
    """Read from the database and not from the program, whose tables are newer."""
    metadata = sa.MetaData()
    sa.event.listen(metadata, "column_reflect", _in_utc)
    metadata.reflect(connection)
    return {name: table for name, table in metadata.tables.items() if name != "alembic_version"}


def _in_utc(_inspector: Any, _table: Any, column: Any) -> None:
    if isinstance(column["type"], sa.DateTime):
        column["type"] = UtcDateTime()


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
