"""Agreement of a judge with people: levels by the rubric's arithmetic, scales turned, gaps counted and never scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simcustomer.domain.rubric import Rubric
from simcustomer.errors import ConfigError, ModelUnavailable
from simcustomer.evals import statistics
from simcustomer.evals.calibration.cases import Case, cases_of, people_composite
from simcustomer.evals.calibration.judge import JudgeFigures, judge_figures, judge_report
from simcustomer.evals.calibration.judgements import Asked, Judged, JudgementLog, collect
from simcustomer.evals.calibration.rated import Labelled, read_labelled
from tests.evals.calibration.rated_people import AskewJudge, a_conversation, a_rubric, write_lines

RUBRIC = a_rubric()
LEVELS = [1, 2, 3, 4, 5]
MET = {1: 0, 2: 2, 3: 4, 4: 6, 5: 8}
"""Level -> good items met that earn it under the cutoffs of the small rubric."""


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """How sharp an interval is is not what these tests are about: a tenth of the draws will do."""
    monkeypatch.setattr(statistics, "RESAMPLES", 100)


async def judged(
    tmp_path: Path, judge: AskewJudge, rows: list[dict[str, Any]], rubric: Rubric = RUBRIC, repeats: int = 1
) -> tuple[Labelled, Judged, list[Case]]:
    labelled = read_labelled([write_lines(tmp_path / "rated.jsonl", rows)], rubric)
    log, asked = JudgementLog(tmp_path / "log.jsonl"), Asked.of(rubric, "h", judge.name, "")
    found = await collect(judge.name, judge, asked, labelled.conversations, log, repeats)
    return labelled, found, cases_of(rubric, "h", labelled.conversations, found)


async def figures(
    tmp_path: Path, judge: AskewJudge, rows: list[dict[str, Any]], rubric: Rubric = RUBRIC, repeats: int = 1
) -> JudgeFigures:
    _, _, cases = await judged(tmp_path, judge, rows, rubric, repeats)
    return judge_figures(rubric, cases)


def agreeing() -> AskewJudge:
    """Sees what people rate: of conversation n the level n % 5 + 1 of care, and as much war as people do."""
    good = {n: MET[n % 5 + 1] for n in range(10)}
    return AskewJudge(good, {n: MET[5 - n % 5] for n in range(10)})


def rows(raters: int = 1) -> list[dict[str, Any]]:
    """Ten conversations whose care is n % 5 + 1; war is 6 - care: the same quality on a scale that runs down."""
    return [a_conversation(n, care=[n % 5 + 1] * raters, war=[5 - n % 5] * raters) for n in range(10)]


async def test_a_judge_who_sees_what_people_see_agrees_in_full(tmp_path: Path) -> None:
    """Also on the criterion of harms whose scale people use the other way round."""
    found = await figures(tmp_path, agreeing(), rows(raters=2))
    for criterion in found.criteria:
        assert criterion.kappa["combined"].value == pytest.approx(1.0)
        assert criterion.alpha_with_judge.value == pytest.approx(1.0)
        assert (criterion.exact.value, criterion.exact.n) == (1.0, 10)
        assert [criterion.confusion[i][i] for i in range(5)] == [2] * 5
        assert criterion.raters_kappa.value == pytest.approx(1.0)
    assert found.composite["combined"].value == pytest.approx(1.0)
    assert found.overall.value == pytest.approx(1.0)
    assert found.raters_composite.value == pytest.approx(1.0)


async def test_a_scale_that_is_not_turned_disagrees(tmp_path: Path) -> None:
    """The same ratings without ``rated_reversed``: agreement becomes its opposite, so the turn is what made it."""
    fields = RUBRIC.model_dump(mode="json")
    fields["criteria"][1]["rated_reversed"] = False
    found = await figures(tmp_path, agreeing(), rows(), a_rubric(criteria=fields["criteria"]))
    peace = found.criteria[1].kappa["combined"].value
    assert peace is not None
    assert peace < -0.9


async def test_items_anchors_and_their_mix_are_reported_apart(tmp_path: Path) -> None:
    """Anchored levels that run against people: items agree, anchors do not, and the mix lies between."""
    judge = agreeing()
    judge.level = {n: 5 - n % 5 for n in range(10)}
    found = await figures(tmp_path, judge, rows(), a_rubric(anchored_share=0.25))
    kappas = {view: estimate.value for view, estimate in found.criteria[0].kappa.items()}
    assert kappas["items"] == pytest.approx(1.0)
    assert kappas["anchored"] == pytest.approx(-1.0)
    assert -1.0 < kappas["combined"] < 1.0


async def test_a_failed_judgement_is_counted_and_in_no_figure(tmp_path: Path) -> None:
    """Nine of ten are judged: figures are of nine, and the tenth is listed with its reason."""
    judge = agreeing()
    judge.errors = {4: ModelUnavailable("down")}
    labelled, found, cases = await judged(tmp_path, judge, rows())
    report = judge_report(Asked.of(RUBRIC, "h", "askew", ""), labelled, found, cases)
    assert [(f.id, f.repeat, f.reason) for f in report.failures] == [("c4", 1, "down")]
    assert report.figures.criteria[0].exact.n == 9
    assert report.figures.criteria[0].kappa["combined"].value == pytest.approx(1.0)


async def test_no_judgement_at_all_is_an_error(tmp_path: Path) -> None:
    """There is nothing to report, and the first failure says why."""
    judge = AskewJudge({}, {}, errors={n: ModelUnavailable("no key") for n in range(10)})
    labelled, found, cases = await judged(tmp_path, judge, rows())
    with pytest.raises(ConfigError, match="no key"):
        judge_report(Asked.of(RUBRIC, "h", "askew", ""), labelled, found, cases)


async def test_what_people_left_out_is_counted_and_in_no_figure(tmp_path: Path) -> None:
    """Half of the conversations have no rating of war: its figures are of the other half."""
    given = [a_conversation(n, care=n % 5 + 1, war=5 - n % 5 if n % 2 else None) for n in range(10)]
    care, peace = (await figures(tmp_path, agreeing(), given)).criteria
    assert (care.exact.n, care.unrated) == (10, 0)
    assert (peace.exact.n, peace.unrated, peace.unscored) == (5, 5, 0)


async def test_people_between_two_levels_are_rounded_up(tmp_path: Path) -> None:
    """The median of 3 and 4 is 3.5, and counts as a 4 where levels are compared."""
    given = [a_conversation(n, care=[n % 5 + 1, min(5, n % 5 + 2)]) for n in range(10)]
    table = (await figures(tmp_path, agreeing(), given)).criteria[0].confusion
    assert sum(table[0]) == 0
    assert table[3][2] == 2
    assert table[4] == (0, 0, 0, 2, 2)


async def test_each_rater_is_held_against_the_others(tmp_path: Path) -> None:
    """Two agree and the third says the opposite: people's own agreement shows it, whatever the judge does."""
    given = [a_conversation(n, care=[n % 5 + 1, n % 5 + 1, 5 - n % 5]) for n in range(10)]
    care = (await figures(tmp_path, agreeing(), given)).criteria[0]
    assert care.raters_kappa.value is not None
    assert care.raters_kappa.value < 0.3
    assert care.alpha_raters.value is not None
    assert care.alpha_raters.value < care.alpha_with_judge.value  # type: ignore[operator]


async def test_one_rater_alone_has_nobody_to_agree_with(tmp_path: Path) -> None:
    """Not defined, and no zero."""
    found = await figures(tmp_path, agreeing(), rows(raters=1))
    assert found.raters_mean_kappa.value is None
    assert found.raters_composite.value is None
    assert found.criteria[0].alpha_raters.value is None


class Wavering(AskewJudge):
    """Meets one item more in every second answer to the same conversation."""

    async def judge(self, rubric: Any, utterances: Any, language: Any) -> Any:
        number = int(utterances[1].text.removesuffix(".").split()[-1])
        self.good = self.good | {number: self.asked.count(number) % 2}
        return await super().judge(rubric, utterances, language)


async def test_self_agreement_over_repeats(tmp_path: Path) -> None:
    """One of sixteen items is answered differently in two of three pairs of passes; the steady items always alike."""
    found = await figures(tmp_path, Wavering({}, {}), rows(), repeats=3)
    assert found.same_answers is not None
    assert found.same_answers.value == pytest.approx((15 + 1 / 3) / 16)
    assert [(item.id, item.split, item.unscored) for item in found.troubles] == [("care_0", 10, 0)]
    assert found.passes == 3


async def test_one_pass_says_nothing_about_steadiness(tmp_path: Path) -> None:
    """No repeats, no figure."""
    found = await figures(tmp_path, agreeing(), rows())
    assert found.same_answers is None
    assert found.self_mean_kappa is None
    assert found.criteria[0].self_kappa is None


async def test_length_is_held_against_people_and_judge(tmp_path: Path) -> None:
    """A judge who meets more items the longer the reply is: words order its scores, and not those of people."""
    given, good = [], {}
    for n in range(10):
        row = a_conversation(n, care=(n * 7) % 5 + 1)
        row["turns"][1]["text"] = "word " * n + row["turns"][1]["text"]
        given.append(row)
        good[n] = n * 8 // 10
    found = await figures(tmp_path, AskewJudge(good, {}), given)
    assert found.words_with_judge.value is not None
    assert found.words_with_judge.value > 0.95
    assert found.words_with_raters.value is not None
    assert abs(found.words_with_raters.value) < 0.3


async def test_the_composite_is_the_mean_of_what_was_rated_with_scales_turned(tmp_path: Path) -> None:
    """Care 4 and 5, war 1: (4.5 + 5) / 2."""
    _, _, cases = await judged(tmp_path, agreeing(), [a_conversation(1, care=[4, 5], war=[1, 1])])
    assert people_composite(RUBRIC, cases[0]) == pytest.approx(4.75)


async def test_an_overall_rating_is_compared_with_the_overall_score(tmp_path: Path) -> None:
    """Where people rated the whole, that is what the judge's overall is held against, and not the mean of criteria."""
    given = rows()
    for n, row in enumerate(given):
        row["labels"]["overall"] = 5 - n % 5
    found = await figures(tmp_path, agreeing(), given)
    assert found.composite["combined"].value == pytest.approx(1.0)
    assert found.overall.value == pytest.approx(-1.0)


async def test_the_figures_of_a_drift_check_have_names_of_their_own(tmp_path: Path) -> None:
    """Three for each criterion and the whole."""
    names = set((await figures(tmp_path, agreeing(), rows())).compared())
    assert {"care.kappa", "peace.spearman", "care.within_one", "mean_kappa", "composite.spearman"} <= names
