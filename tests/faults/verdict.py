"""Whether anything was lost or doubled, read from the servers' own databases with as little of our code as can be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from tests.faults.coders import ACKNOWLEDGED
from tests.faults.journal import Journal
from tests.faults.office import NOMENCLATURE, TRAINING_SET, Office
from tests.faults.plan import UNKNOWN_CODE

_IN_FORCE = """
    select distinct on (j.platform, j.external_id) j.external_id, j.task_key, c.external_id, j.outcome, j.code,
        j.judged_at, j.deleted, j.id
    from judgement j join coder c on c.pseudonym = j.coder
    order by j.platform, j.external_id, j.id desc
"""


@dataclass(frozen=True, slots=True, order=True)
class State:
    """Of an annotation: whose, on which task of ours, what it says and since when."""

    task_key: str
    user: str
    outcome: str
    code: str
    updated_at: datetime


def complaints(office: Office, journal: Journal) -> Iterator[str]:
    """What is wrong; nothing if all is well."""
    with psycopg.connect(office.ledger_url.replace("postgresql+psycopg", "postgresql")) as ledger:
        yield from _annotations(office, ledger)
        yield from _acknowledged(office, journal)
        yield from _tasks(office, ledger)
        yield from _labels(ledger)
        yield from _versions(office, ledger, journal)
        yield from _leases(ledger)
    yield from _commands(journal)


def annotations_there(office: Office) -> dict[str, State]:
    """As Label Studio has them, by its ids."""
    rows = office.in_label_studio(
        "select a.id, json_extract(t.data, '$.key'), a.completed_by_id, a.was_cancelled, a.result, a.updated_at "
        "from task_completion a join task t on t.id = a.task_id"
    )
    return {str(number): _state(*others) for number, *others in rows}


def _state(key: str, user: int, skipped: int, result: str, updated_at: str) -> State:
    moment = datetime.fromisoformat(updated_at).replace(tzinfo=UTC)
    if skipped:
        return State(key, str(user), "later", "", moment)
    (choice,) = [one["value"]["choices"][0] for one in json.loads(result) if one["from_name"] == "code"]
    return State(key, str(user), "coded", choice, moment)


def judgements_in_force(ledger: psycopg.Connection[Any]) -> dict[str, State]:
    rows = ledger.execute(_IN_FORCE).fetchall()
    return {
        number: State(key, user, outcome, code or "", moment.astimezone(UTC))
        for number, key, user, outcome, code, moment, deleted, _ in rows
        if not deleted
    }


def _annotations(office: Office, ledger: psycopg.Connection[Any]) -> Iterator[str]:
    there, taken = annotations_there(office), judgements_in_force(ledger)
    refused = {number for number, state in there.items() if state.code == UNKNOWN_CODE}
    quarantined = {str(one["id"]) for (one,) in ledger.execute("select raw from quarantine where kind = 'annotation'")}
    yield from (f"annotation {one} with an unknown code is not in quarantine" for one in sorted(refused - quarantined))
    wanted = {number: state for number, state in there.items() if number not in refused}
    yield from (f"annotation {one} is not in the ledger: {wanted[one]}" for one in sorted(wanted.keys() - taken.keys()))
    yield from (f"in force without being there: {one} {taken[one]}" for one in sorted(taken.keys() - wanted.keys()))
    for number in sorted(wanted.keys() & taken.keys()):
        if wanted[number] != taken[number]:
            yield f"annotation {number} is {wanted[number]}, in the ledger {taken[number]}"


def _acknowledged(office: Office, journal: Journal) -> Iterator[str]:
    """What the server told coders that it had, and nobody touched after, it still has."""
    there = annotations_there(office)
    last = {(one.coder, one.step.text): one for one in journal.said if one.told != "refused"}
    deleted = {one.task for one in journal.said if one.step.action == "delete task"}
    for said in last.values():
        if said.annotation is None or said.told != ACKNOWLEDGED or said.task in deleted:
            continue
        state, gone = there.get(str(said.annotation)), said.step.action in ("delete", "undo")
        if gone != (state is None):
            yield f"Label Studio told a coder otherwise: {said}, and has {state}"
        elif state is None or state.outcome == "later":
            # An edit of what was skipped leaves it skipped.
            continue
        elif said.step.action in ("answer", "edit") and state.code != said.step.code:
            yield f"Label Studio told a coder {said.step.code} of annotation {said.annotation}, and has {state.code}"


def _tasks(office: Office, ledger: psycopg.Connection[Any]) -> Iterator[str]:
    rows = office.in_label_studio("select json_extract(data, '$.key'), project_id from task")
    there = Counter(str(key) for key, _ in rows)
    drawn = {one.task_key for one in office.asked.values()}
    yield from (f"task {key} is {number} times in Label Studio" for key, number in there.items() if number > 1)
    yield from (f"task {key} is not in Label Studio" for key in sorted(drawn - there.keys()))
    living = "select task_key, external_id from platform_reference where vanished_at is null"
    noted = Counter(key for key, _ in ledger.execute(living))
    if noted != Counter(dict.fromkeys(drawn, 1)):
        yield f"the ledger does not know each task in one place: {(noted - Counter(drawn)) + (Counter(drawn) - noted)}"
    projects = {project for _, project in rows}
    if len(projects) != 1 or len(office.in_label_studio("select id from project")) != 1:
        yield f"tasks lie in {len(projects)} projects"


def _labels(ledger: psycopg.Connection[Any]) -> Iterator[str]:
    """By a policy of plain votes: the code of most coders, each one's latest word; none where they are even."""
    said: dict[str, dict[str, State]] = {}
    text_of = dict(ledger.execute("select key, text_key from task").fetchall())
    for state in sorted(judgements_in_force(ledger).values(), key=lambda one: one.updated_at):
        said.setdefault(text_of[state.task_key], {})[state.user] = state
    wanted = {}
    for text, by_user in said.items():
        votes = Counter(one.code for one in by_user.values() if one.outcome == "coded").most_common(2)
        if votes and (len(votes) == 1 or votes[0][1] > votes[1][1]):
            wanted[text] = votes[0][0]
    statement = (
        "select distinct on (text_key) text_key, code from label where source = 'coder' or weight = 0 "
        "order by text_key, id desc"
    )
    labels = {text: code for text, code in ledger.execute(statement) if code is not None}
    if labels != wanted:
        differing = {text for text in labels.keys() | wanted.keys() if labels.get(text) != wanted.get(text)}
        yield f"{len(differing)} labels differ from what coders said: {sorted(differing)[:5]}"


def _versions(office: Office, ledger: psycopg.Connection[Any], journal: Journal) -> Iterator[str]:
    from sync.trainingset import build
    from sync.trainingset.build import Recipe
    from sync.trainingset.store import TrainingSetStore

    statement = "select tag, digest, rows, snapshot_id, recipe from trainingset_version where name = %s"
    entered = {row[0]: row[1:] for row in ledger.execute(statement, (TRAINING_SET,))}
    for tag, digest in acknowledged_versions(journal).items():
        if tag not in entered or entered[tag][0] != digest:
            yield f"{tag} was acknowledged with {digest}, the ledger has {entered.get(tag)}"
    with TrainingSetStore(
        catalog_uri=office.ledger_url, storage=office.storage.server.storage(office.bucket), name=TRAINING_SET
    ) as store:
        stored = {one.tag: (one.digest, one.rows, one.snapshot_id) for one in store.versions()}
        if stored != {tag: tuple(row[:3]) for tag, row in entered.items()}:
            differing = sorted(
                tag for tag in stored.keys() | entered.keys() if stored.get(tag) != entered.get(tag, ())[:3]
            )
            yield f"table and ledger differ in the versions {differing}"
        for tag, (digest, *_, recipe) in entered.items():
            if found := _faults_of(store, tag, digest):
                yield f"{tag} is damaged: {found}"
            if build.digest_of(ledger=office.ledger, recipe=Recipe.of(recipe)) != digest:
                yield f"{tag} is rebuilt with another digest"
        yield from _newest(store, ledger)


def _faults_of(store: Any, tag: str, digest: str) -> Any:
    if hasattr(store, "verify"):
        return store.verify(tag).faults
    from sync.trainingset import digest as digests
    from sync.trainingset import schema

    return digests.digest(schema.content(store.read(tag))) != digest


def _newest(store: Any, ledger: psycopg.Connection[Any]) -> Iterator[str]:
    """The newest version holds the labels in force, each once."""
    rows = store.read(store.current().tag).select(["text_key", "code", "source"]).to_pylist()
    statement = (
        "select distinct on (text_key, source) text_key, code, source, weight from label where nomenclature = %s "
        "order by text_key, source, id desc"
    )
    found = ledger.execute(statement, (NOMENCLATURE,))
    wanted = Counter((text, code) for text, code, _, weight in found if code is not None and weight > 0)
    if Counter((row["text_key"], row["code"]) for row in rows) != wanted:
        yield f"the newest version has {len(rows)} rows and the ledger {wanted.total()} labels, or other ones"


def acknowledged_versions(journal: Journal) -> Mapping[str, str]:
    """Digests by tag, as builds that ended well told them."""
    told = [run.given["version"] for run in journal.of("build") if run.code == 0]
    return {one["tag"]: one["digest"] for one in told}


def _leases(ledger: psycopg.Connection[Any]) -> Iterator[str]:
    late = datetime.now(UTC) + timedelta(minutes=5)
    statement = (
        "select name, holder, expires_at from lease where not starts_with(name, 'unfinished-push:') and expires_at > %s"
    )
    yield from (
        f"the lease {name} of {holder} blocks until {end}" for name, holder, end in ledger.execute(statement, (late,))
    )


def _commands(journal: Journal) -> Iterator[str]:
    for run in journal.runs:
        if run.broken:
            yield f"{run.command} ended with {run.code} ({run.folder}): {run.error[-1500:]}"
    for command in ("push", "pull", "build"):
        if any(wait == float("inf") for wait in journal.recoveries(command)):
            yield f"{command} did not run again after a kill"
