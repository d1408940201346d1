"""Several processes that amend one training set at once lose nothing of one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parts import rivals, trainingrows
from tests.parts.rivals import Contest

pytestmark = pytest.mark.integration

WRITERS, COMMITS = 4, 8


@pytest.fixture(params=["folder-sqlite", "s3-postgres"])
def contest(request: pytest.FixtureRequest, tmp_path: Path) -> Contest:
    if request.param == "folder-sqlite":
        uri, storage = f"sqlite:///{tmp_path}/ledger.db", {"url": str(tmp_path / "store")}
    else:
        server = request.getfixturevalue("s3")
        uri = request.getfixturevalue("postgres_url")()
        storage = {"url": server.new_bucket(), "key": server.key, "secret": server.secret, "endpoint": server.endpoint}
    return Contest(uri, storage, tmp_path / "told", WRITERS, COMMITS)


def test_amend__rivals_lose_no_row_and_no_version(contest: Contest) -> None:
    ended = contest.run(seconds=300)

    wanted = contest.wanted()
    assert list(ended) == [0] * WRITERS
    with contest.store() as store:
        versions = store.versions()
        current = store.current()
        assert current is not None
        assert {version.tag for version in versions} == {*wanted, rivals.FIRST}
        assert set(trainingrows.codes(store.read(current.tag))) == {*wanted.values(), "base"}
        # Each stands on the one before it: a chain without a fork.
        assert [version.parent for version in versions] == [None, *(version.tag for version in versions[:-1])]
        assert [version.rows for version in versions] == list(range(1, len(wanted) + 2))
        assert store.verify(current.tag).faults == ()
    assert {one.tag for one in contest.done()} == set(wanted)
    assert any(one.attempts > 1 for one in contest.done())
