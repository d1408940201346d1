"""What was set aside is taken once its cause is mended, and only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.campaign import goldtexts, pull, push, quarantining
from annotation.campaign.goldtexts import Row
from annotation.campaign.presenting import Shown
from annotation.campaign.quarantining import RetryResult
from annotation.domain.judgement import Outcome
from annotation.domain.label import Label, Source
from annotation.errors import InvalidInputError, NotFoundError
from annotation.ledger.repositories.quarantine import Quarantined, SetAside
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from sync import declarations, intake, retaking
from sync.settings import IntakeSource
from sync.storage import Storage
from tests.parts import campaigns, pools
from tests.parts.fake_platform import FakePlatform

LATER = pools.NOW + timedelta(days=400)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return pools.ledger(tmp_path)


def bring(ledger: Ledger, tmp_path: Path, content: str, *, now=pools.NOW, **columns: object) -> intake.IntakeResult:
    (tmp_path / "july.csv").write_text(content, encoding="utf-8")
    source = IntakeSource.model_validate({"path": "july.csv", "code": "code"} | columns)
    return intake.take(
        ledger=ledger,
        batches=declarations.read(Storage(str(tmp_path)), source, now=now),
        source=source.source,
        coded=source.coded,
        nomenclature=pools.NAF,
        now=now,
        model_version=source.model_version or None,
        columns=source.model_dump(mode="json"),
    )


def retry(ledger: Ledger, *, today: str = "naf", ids: list[int] | None = None, now=pools.NOW) -> RetryResult:
    retakes = retaking.all_kinds(today=today)
    return quarantining.retry(ledger=ledger, retakes=retakes, ids=ids, by="a test", clock=lambda: now)


def waiting(ledger: Ledger) -> list[SetAside]:
    with ledger.read() as work:
        return list(work.quarantine.list())


def labels(ledger: Ledger, nomenclature: str = "naf") -> dict[str, str | None]:
    with ledger.read() as work:
        found = work.labels.current(nomenclature)
        texts = work.texts.get([one.label.text_key for one in found])
    return {texts[one.label.text_key].text: one.label.code for one in found}


def add_newer(ledger: Ledger) -> None:
    newer = Nomenclature(key="newer", title="", codes=[Code("99.99Z", 1, None, "New"), *pools.NAF])
    with ledger.begin() as work:
        work.nomenclatures.add(newer, origin="by hand", sha256="0", now=pools.NOW)


def test_text__with_a_code_that_the_nomenclature_of_today_has(ledger: Ledger, tmp_path: Path) -> None:
    bring(ledger, tmp_path, "libelle;code\nCulture du riz;99.99Z\n", coded=True)
    in_vain = retry(ledger)
    reasons = [one.reason for one in waiting(ledger)]
    add_newer(ledger)

    taken, again = retry(ledger, today="newer"), retry(ledger, today="newer")

    assert (len(in_vain.taken), len(in_vain.refused)) == (0, 1)
    assert "99.99Z" in reasons[0]
    assert (len(taken.taken), taken.refused, again) == (1, (), RetryResult())
    assert waiting(ledger) == []
    assert labels(ledger, "newer") == {"Culture du riz": "99.99Z"}


def test_text__taken_without_its_code_gets_it(ledger: Ledger, tmp_path: Path) -> None:
    bring(ledger, tmp_path, "libelle;code\nCulture du riz;99.99Z\n")
    add_newer(ledger)

    retry(ledger, today="newer")

    with ledger.read() as work:
        (key,) = work.texts.declared_as("register", ["july.csv:2"]).values()
        assert work.texts.codes_of("register", key) == {"99.99Z": 1}


def test_text__of_the_future_once_its_day_has_come(ledger: Ledger, tmp_path: Path) -> None:
    tomorrow = (pools.NOW + timedelta(days=30)).date().isoformat()
    bring(ledger, tmp_path, f"libelle;code;date\nCulture du riz;;{tomorrow}\nBlé;;zero\n", date="date")

    result = retry(ledger, now=LATER)

    assert (len(result.taken), len(result.refused)) == (1, 1)
    assert "'zero' is no ISO date" in result.refused[0][1]


def test_text__a_prediction_that_was_left_out(ledger: Ledger, tmp_path: Path) -> None:
    content = "libelle;code;codes;p\nCulture du riz;;99.99Z|01.11Z;0.6|0.4\n"
    bring(ledger, tmp_path, content, codes="codes", probabilities="p", model_version="office/1")
    add_newer(ledger)

    result = retry(ledger, today="newer")

    assert len(result.taken) == 1
    with ledger.read() as work:
        assert work.texts.without_prediction("office/1") == []


def test_text__an_id_that_is_another_text_stays(ledger: Ledger, tmp_path: Path) -> None:
    bring(ledger, tmp_path, "libelle;code;id\nCulture du riz;;1\nBlé;;1\n", id="id")

    result = retry(ledger)

    assert (result.taken, result.refused[0][1]) == ((), intake.CHANGED)


def test_text__a_torn_row_says_to_bring_the_file_again(ledger: Ledger, tmp_path: Path) -> None:
    bring(ledger, tmp_path, "libelle;code\nBlé;\ntorn\n")

    result = retry(ledger)

    assert "import july.csv again" in result.refused[0][1]


def test_conflict__until_more_rows_say_one_code_or_a_person_does(ledger: Ledger, tmp_path: Path) -> None:
    bring(
        ledger,
        tmp_path,
        "libelle;code;id\nBlé;01.11Z;1\nBlé;01.12Z;2\nRiz;01.11Z;3\nRiz;01.12Z;4\n",
        id="id",
        coded=True,
    )
    in_vain = retry(ledger)
    bring(ledger, tmp_path, "libelle;code;id\nBlé;01.12Z;5\n", id="id", coded=True)
    with ledger.begin() as work:
        key = next(one.item.context["text_key"] for one in work.quarantine.list() if one.item.raw["text"] == "Riz")
        work.labels.record([Label(key, "naf", "01.11Z", Source.CODER, 1.0, pools.NOW)])

    result = retry(ledger)

    assert len(in_vain.refused) == 2
    assert len(result.taken) == 2
    assert labels(ledger) == {"Blé": "01.12Z", "Riz": "01.11Z"}


def test_gold__is_checked_as_when_it_was_added(ledger: Ledger) -> None:
    add_newer(ledger)
    rows = [Row("gold.csv", 2, "Blé", "01.11Z"), Row("gold.csv", 3, "Blé", "01.12Z"), Row("gold.csv", 4, "", "01.11Z")]
    goldtexts.add(ledger=ledger, nomenclature_key="naf", rows=rows, now=pools.NOW)

    result = retry(ledger)

    assert [reason for _, reason in result.refused] == [
        "The text is gold already, with the code 01.11Z.",
        "The text holds no letter and no digit.",
    ]


def test_published__the_file_is_not_kept(ledger: Ledger) -> None:
    with ledger.begin() as work:
        for kind, raw in (("nomenclature", "77"), ("nomenclature", "01.11Z"), ("correspondence", "x"), ("other", "y")):
            item = Quarantined(kind, "naf.csv", 9, {"row": raw, "sheet": ""}, "bad", {"nomenclature": "naf"})
            work.quarantine.add(item, now=pools.NOW)

    result = retry(ledger)

    told = dict(result.refused)
    assert len(result.taken) == 1
    assert "awb nomenclature import" in told[1]
    assert "awb correspondence import" in told[3]
    assert "how to take other again" in told[4]


def test_drop__with_a_reason(ledger: Ledger, tmp_path: Path) -> None:
    bring(ledger, tmp_path, "libelle;code\nRiz;99.99Z\n")
    (one,) = waiting(ledger)

    def drop(ids: list[int], reason: str) -> int:
        return quarantining.drop(ledger=ledger, ids=ids, reason=reason, by="a test", now=pools.NOW)

    with pytest.raises(InvalidInputError, match="not said"):
        drop([one.id], "  ")
    with pytest.raises(NotFoundError, match="under 99"):
        drop([one.id, 99], "known")
    assert [drop([one.id], "known"), drop([one.id], "again")] == [1, 0]
    assert retry(ledger, ids=[one.id]) == RetryResult(settled=(one.id,))


# Answers of coders.


def answered(tmp_path: Path, code: str | None) -> tuple[Ledger, FakePlatform, int, str]:
    platform, ledger = FakePlatform(), campaigns.campaign(tmp_path)
    push.push(
        ledger=ledger, platform=platform, campaign_key=campaigns.KEY, shown=Shown({}), clock=lambda: campaigns.NOW
    )
    anna = platform.sign_up("anna@demo.example", "secret")
    task = min(platform.task_ids(min(platform.projects)))
    platform.annotate(task, anna, campaigns.answer("a", code))
    return ledger, platform, task, list(platform.stored[task].annotations)[-1]


def pulled(ledger: Ledger, platform: FakePlatform, *, full: bool = False) -> pull.PullResult:
    return pull.pull(
        ledger=ledger, platform=platform, campaign_key=campaigns.KEY, clock=lambda: campaigns.NOW, full=full
    )


def test_annotation__a_later_pull_settles_what_the_coder_mended(tmp_path: Path) -> None:
    ledger, platform, task, annotation = answered(tmp_path, "nonsense")
    pulled(ledger, platform)
    assert len(waiting(ledger)) == 1
    platform.edit(task, annotation, "worse")
    pulled(ledger, platform)
    assert ["worse" in one.reason for one in waiting(ledger)] == [True]
    platform.edit(task, annotation, "01.11Z")

    result = pulled(ledger, platform)

    assert result.new == 1
    assert waiting(ledger) == []


def test_annotation__what_the_coder_took_back_waits_no_more(tmp_path: Path) -> None:
    ledger, platform, task, annotation = answered(tmp_path, "nonsense")
    pulled(ledger, platform)
    platform.delete_annotation(task, annotation)

    pulled(ledger, platform)

    with ledger.read() as work:
        (one,) = work.quarantine.list(waiting=False)
    assert one.settlement is not None
    assert (one.settlement.by, one.settlement.reason) == ("pull", "It is on the platform no more.")


def test_annotation__is_read_again_as_it_came(tmp_path: Path) -> None:
    """As after the ledger was restored: its task was unknown when the answer was pulled, and is known again."""
    ledger, platform, task, _ = answered(tmp_path, "01.11Z")
    sent = platform.stored[task].payload
    assert sent is not None
    key = sent.key
    moment = campaigns.NOW.isoformat()
    chosen = {"from_name": "code", "value": {"choices": ["01.12Z"]}}
    raw = {"id": 77, "task": task, "result": [chosen], "created_at": moment, "updated_at": moment}
    context = {"platform": platform.name, "task_key": key, "changed_at": moment, "coder": "C001"}
    item = Quarantined("annotation", "there, task 1, annotation 77", None, raw, "unknown", context)
    with ledger.begin() as work:
        work.coders.pseudonym(platform.name, "1", email=None, now=campaigns.NOW)
        work.quarantine.add(item, now=campaigns.NOW)
        work.quarantine.add(replace(item, row=1, raw=raw | {"id": 78, "result": []}), now=campaigns.NOW)
        work.quarantine.add(replace(item, row=2, context=context | {"task_key": "none"}), now=campaigns.NOW)
        work.quarantine.add(Quarantined("annotation", "old", None, raw, "unknown"), now=campaigns.NOW)

    result, again = retry(ledger), retry(ledger, ids=[1])

    assert (result.taken, [number for number, _ in result.refused]) == ((1,), [2, 3, 4])
    assert again == RetryResult(settled=(1,))
    with ledger.read() as work:
        (said,) = work.judgements.current_of_tasks([str(key)])[str(key)]
    assert (said.code, said.outcome, said.coder, said.external_id) == ("01.12Z", Outcome.CODED, "C001", "77")
