from __future__ import annotations

from pathlib import Path

from annotation.ledger.unit_of_work import Ledger
from tests.parts import awb, filled_ledger


def test_quarantine__list_show_retry_drop(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert awb.call("init", "--home", str(home)).code == 0
    ledger = Ledger.open(f"sqlite:///{home / 'ledger.db'}")
    filled_ledger.set_aside(ledger, 3)
    ledger.close()

    def run(*line: str) -> awb.Result:
        return awb.call("quarantine", *line, "--home", str(home), "-o", "json")

    listed, shown = run("list", "--reason", "99.99z"), run("show", "2")
    retried, dropped = run("retry", "--all"), run("drop", "1", "2", "--reason", "a test")
    left, every = run("list"), run("list", "--all", "--limit", "2")
    unsaid = run("retry")

    assert [one["row"] for one in listed.json["items"]] == [2, 3, 4]
    assert shown.json["raw"] == {"code": "99.99Z"}
    assert (retried.json["taken"], len(retried.json["refused"])) == ([], 3)
    assert dropped.json == {"dropped": 2}
    assert (left.json["total"], every.json["total"], len(every.json["items"])) == (1, 3, 2)
    assert every.json["items"][0]["outcome"] == "dropped"
    assert (unsaid.code, unsaid.error["cure"]) == (3, "Give numbers, or --kind, or --all.")
