"""Comparison of runs: paired by hand-computable figures, what is warned of, what is left out, and what exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simcustomer.cli.readings import compare as command
from simcustomer.domain.conversation import Outcome
from simcustomer.errors import ConfigError, NotFound
from simcustomer.evals import statistics
from simcustomer.evals.compare import Comparison, compare_runs, wanted
from simcustomer.evals.differences import Difference
from simcustomer.evals.results import Run, SampleResult
from tests.evals.runs import a_result, a_run, a_sample, broken_run, played_run, write_log

PLACES = [("missing-kettle", "en"), ("missing-kettle", "es"), ("lost-lamp", "en"), ("lost-lamp", "es")]


def a_side(
    tensions: Sequence[float], scores: Sequence[float | None], run_id: str = "first", **kinds: str
) -> Run:
    """One expert sample a place, with these end tensions and overall scores."""
    results = [
        a_result(a_sample(persona, language, **kinds), [70, tension], overall=score, levels={"empathy": 3})
        for (persona, language), tension, score in zip(PLACES, tensions, scores, strict=True)
    ]
    return a_run(results, run_id=run_id)


def figure(found: Comparison, name: str, persona: str | None = None) -> Difference:
    """One figure of a part."""
    part = next(part for part in found.parts if part.persona == persona)
    return next(d for d in part.differences if d.name == name)


def test_the_change_is_the_mean_of_the_pairs() -> None:
    """Four pairs 50 -> 40, 42, 44, 46 changed by -7 on average; the interval lies within the pairs' own changes."""
    found = compare_runs(a_side([50] * 4, [3.0] * 4), a_side([40, 42, 44, 46], [3.0] * 4, "second"))
    change = figure(found, "end_tension")
    assert (change.before, change.after, change.change) == (50.0, 43.0, -7.0)
    assert change.low is not None
    assert change.high is not None
    assert -10 <= change.low < -7 < change.high <= -4
    assert (change.n, change.of, change.groups, change.verdict) == (4, 4, 4, "differs")
    kettle = figure(found, "end_tension", "missing-kettle")
    assert (kettle.before, kettle.after, kettle.n) == (50.0, 41.0, 2)


def test_better_and_worse_are_the_scorers_own() -> None:
    """Every score a level up is better, the same the other way round is worse; what has no good direction only differs."""
    low, high = a_side([50] * 4, [3.0] * 4), a_side([40] * 4, [4.0] * 4, "second")
    up, down = compare_runs(low, high), compare_runs(high, low)
    better = figure(up, "score:built-in")
    assert (better.change, better.low, better.high, better.verdict) == (1.0, 1.0, 1.0, "better")
    assert figure(down, "score:built-in").verdict == "worse"
    assert {d.name for d in down.worse} == {"score:built-in"}
    assert not up.worse
    assert figure(up, "end_tension").verdict == "differs"
    assert figure(up, "score:built-in:empathy").verdict == "same"


def test_what_one_side_could_not_score_is_in_no_pair() -> None:
    """A score that is missing on one side takes its pair out of that figure and of no other."""
    found = compare_runs(a_side([50] * 4, [3.0] * 4), a_side([50] * 4, [3.0, 4.0, None, 4.0], "second"))
    score = figure(found, "score:built-in")
    assert (score.before, score.n, score.of) == (3.0, 3, 4)
    assert score.after == pytest.approx(11 / 3)
    assert figure(found, "end_tension").n == 4


def test_failures_and_samples_without_a_partner_are_listed_and_not_compared() -> None:
    """A failed sample is a failure of its side, one that the other side has not is without a partner, the rest counts."""
    results = list(a_side([50] * 4, [3.0] * 4).results)
    extra = a_result(a_sample("missing-kettle", "en", "hostile"), [99])
    failed = a_result(results[0].sample, failure="ModelUnavailable: asleep")
    planned = [r.sample for r in results] + [a_sample("missing-kettle", "en", "dismissive")]
    after = a_run([failed, *results[1:]], run_id="second", planned=planned)
    found = compare_runs(a_run([*results, extra]), after)
    assert found.pairs == 3
    assert found.before.unpaired == (extra.sample.id,)
    assert [(m.sample, m.reason) for m in found.after.failures] == [
        (failed.sample.id, "ModelUnavailable: asleep")
    ]
    assert (found.before.not_begun, found.after.not_begun) == (0, 1)
    assert figure(found, "end_tension").n == 3
    assert [(c.before, c.outcome_after) for c in found.changed] == [(failed.sample.id, "failed")]


def test_a_changed_outcome_is_named() -> None:
    """Samples that ended in another way stand in a list, with both outcomes and tensions."""
    before = a_side([50] * 4, [3.0] * 4)
    solved = a_result(before.results[0].sample, [70, 20], Outcome.RESOLVED, overall=3.0)
    found = compare_runs(before, a_run([solved, *before.results[1:]], run_id="second"))
    (changed,) = found.changed
    assert (changed.outcome_before, changed.outcome_after) == ("abandoned", "resolved")
    assert (changed.tension_before, changed.tension_after) == (50.0, 20.0)
    assert figure(found, "resolved").change == 0.25


def test_two_parts_of_one_run_are_paired_across_what_the_filter_names() -> None:
    """With a filter on each side customers are compared, and the same persona, language and trainee make a pair."""
    first, second = a_side([50] * 4, [3.0] * 4), a_side([60] * 4, [3.0] * 4, customer="other/model")
    both = a_run([*first.results, *second.results])
    found = compare_runs(both, both, wanted("first:customer=built-in"), wanted("first:customer=other/model"))
    assert found.pairs == 4
    assert found.compared == ("customer: built-in -> other/model",)
    assert figure(found, "end_tension").change == 10.0
    assert found.before.label == "first:customer=built-in"


def test_two_personas_can_be_compared() -> None:
    """A filter on the persona on both sides pairs one persona's samples with the other's."""
    run = a_side([50, 50, 60, 60], [3.0] * 4)
    found = compare_runs(run, run, wanted("first:persona=missing-kettle"), wanted("first:persona=lost-lamp"))
    assert found.compared == ("persona: missing-kettle -> lost-lamp",)
    assert figure(found, "end_tension").change == 10.0


def test_prompt_sets_are_what_is_compared_without_any_filter() -> None:
    """Two runs, each with one prompt set, are paired although the sets have different names."""
    found = compare_runs(
        a_side([50] * 4, [3.0] * 4), a_side([50] * 4, [3.0] * 4, "second", prompts="shorter")
    )
    assert found.pairs == 4
    assert found.compared == ("prompts: default -> shorter",)


def test_a_prompt_changed_under_its_name_is_what_is_compared() -> None:
    """The same prompt set with another hash is named as what differs, not warned of."""
    after = a_run(
        a_side([50] * 4, [3.0] * 4).results, run_id="second", content={"prompt:default/judge": "j2"}
    )
    found = compare_runs(a_side([50] * 4, [3.0] * 4), after)
    assert found.compared == ("prompt:default/judge differs (j1 -> j2)",)
    assert found.warnings == ()


@pytest.mark.parametrize(
    "name", ["rubric:small", "persona:lost-lamp.es", "ladder:missing-kettle.en", "lexicon"]
)
def test_other_content_is_warned_of(name: str) -> None:
    """A rubric, persona, ladder or lexicon that is not the same in both runs is named with both hashes."""
    run = a_side([50] * 4, [3.0] * 4)
    found = compare_runs(run, a_run(run.results, run_id="second", content={name: "other123456"}))
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith(f"{name} differs (")
    assert "-> other123)" in found.warnings[0]


def test_another_version_rubric_or_judge_is_warned_of() -> None:
    """Another version, a rubric of another name and other judges are each a warning; their scores are not compared."""
    run = a_side([50] * 4, [3.0] * 4)
    results = [a_result(result.sample, [70, 50], overall=3.0, judge="other/judge") for result in run.results]
    after = a_run(results, run_id="second", version="0.2.0")
    content = {k: v for k, v in after.content.items() if k != "rubric:small"} | {"rubric:big": "r1"}
    found = compare_runs(run, after.model_copy(update={"content": content}))
    text = "\n".join(found.warnings)
    assert "version differs: 0.1.0 -> 0.2.0" in text
    assert "rubric:small is the rubric of one side only" in text
    assert "judges differ: built-in -> other/judge" in text
    assert figure(found, "score:built-in").n == 0
    assert figure(found, "score:built-in").verdict == "unknown"


def test_content_that_no_compared_sample_used_is_not_warned_of() -> None:
    """A persona that changed is no matter when only another one is compared."""
    run = a_side([50] * 4, [3.0] * 4)
    after = a_run(run.results, run_id="second", content={"persona:lost-lamp.en": "other"})
    found = compare_runs(run, after, wanted("a:persona=missing-kettle"), wanted("b:persona=missing-kettle"))
    assert found.warnings == ()


def test_few_groups_have_no_interval_and_no_verdict() -> None:
    """Two pairs of one persona in one language are too few groups: the change is said, and nothing is made of it."""

    def side(tension: float, run_id: str) -> Run:
        return a_run([a_result(a_sample(variant=v), [tension]) for v in (1, 2)], run_id=run_id)

    change = figure(compare_runs(side(50, "first"), side(90, "second")), "end_tension")
    assert (change.change, change.low, change.high, change.n, change.groups) == (40.0, None, None, 2, 2)
    assert change.verdict == "unknown"
    assert change.grouped_by == "language, trainee and variant"


def test_a_broken_prompt_set_shows() -> None:
    """A customer that turns into the agent under a new prompt set is worse: out of character, roles reversed."""

    def side(line: str, prompts: str) -> Run:
        places = [a_sample(p, lang, prompts=prompts) for p, lang in PLACES]
        return a_run([a_result(place, [70, 60], answer=line) for place in places], run_id=prompts)

    good, broken = "I paid for it {} weeks ago.", "How can I help you today? Is there anything else, part {}?"
    found = compare_runs(side(good, "default"), side(broken, "broken"))
    assert {"in_character", "role_reversal"} <= {d.name for d in found.worse}
    assert figure(found, "in_character").change == -1.0


def test_a_broken_persona_shows() -> None:
    """A persona whose temper was broken is warned of, and its tension differs beyond the interval."""
    found = compare_runs(played_run(), broken_run(), wanted("played:persona=lost-parcel"))
    assert any(warning.startswith("persona:lost-parcel.en differs") for warning in found.warnings)
    change = figure(found, "end_tension")
    assert change.verdict == "differs"
    assert change.change is not None
    assert change.change < -20
    assert found.changed


def test_a_run_against_itself_is_the_same() -> None:
    """Nothing is different, nothing is left over, and every interval is 0 to 0."""
    found = compare_runs(played_run(), played_run())
    assert (found.pairs, found.changed, found.warnings, found.compared) == (16, (), (), ())
    for part in found.parts:
        assert {(d.change, d.low, d.high) for d in part.differences if d.n and d.low is not None} == {
            (0.0, 0.0, 0.0)
        }
    assert found.only_differences().parts == ()


def test_a_filter_that_fits_nothing_says_what_there_is() -> None:
    """An unknown value is an error with the values that the run has."""
    run = a_side([50] * 4, [3.0] * 4)
    with pytest.raises(ConfigError, match=r"no sample fits; there are customer: built-in$"):
        compare_runs(run, run, wanted("first:customer=nobody"))


def test_runs_with_nothing_in_common_are_an_error() -> None:
    """Without a pair there is no figure, and the message says by what samples are paired."""
    one, other = (a_run([a_result(a_sample(trainee=t), [50])]) for t in ("expert", "hostile"))
    with pytest.raises(
        ConfigError, match=r"no scored sample in common; samples are paired by persona, language"
    ):
        compare_runs(one, other)


@pytest.mark.parametrize("text", [":customer=x", "run:customer="])
def test_a_side_that_names_nothing_is_an_error(text: str) -> None:
    """A filter without a run or without a value says how to write it."""
    with pytest.raises(ConfigError, match="write RUN or RUN:customer=NAME"):
        wanted(text)


def test_a_model_name_with_a_colon_is_one_value() -> None:
    """Only a field's name begins a filter: model names hold colons and slashes."""
    side = wanted("runs/a.jsonl:customer=ollama/llama3:8b:prompts=short")
    assert side.run == "runs/a.jsonl"
    assert dict(side.filters) == {"customer": "ollama/llama3:8b", "prompts": "short"}


def test_without_the_statistics_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison without intervals would be none: the missing extra is an error."""

    def missing(name: str) -> None:
        raise ImportError(name=name)

    monkeypatch.setattr(statistics, "import_module", missing)
    with pytest.raises(ConfigError, match=r"pip install 'simcustomer\[evals\]'"):
        compare_runs(a_side([50] * 4, [3.0] * 4), a_side([50] * 4, [3.0] * 4))


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The logs of an accepted run and of a new one whose scores fell."""
    monkeypatch.setenv("SIMCUSTOMER_RUNS_DIR", str(tmp_path))
    write_log(a_side([50] * 4, [4.0] * 4, "accepted"), tmp_path)
    write_log(a_side([50] * 4, [3.0] * 4, "new"), tmp_path)
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    import typer

    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    if isinstance(done.exception, Exception) and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_the_drift_check_fails_when_something_is_worse(logs: Path) -> None:
    """Worse than the accepted run is exit code 1, better or the same is 0, and the figure is named."""
    code, told = run("accepted", "new", "--fail-if-worse")
    assert code == 1
    assert "worse: score:built-in" in told
    assert run("new", "accepted", "--fail-if-worse")[0] == 0
    assert run("accepted", "accepted", "--fail-if-worse")[0] == 0
    assert run("accepted", "new")[0] == 0


def test_only_differences_leaves_out_the_rest(logs: Path) -> None:
    """With the option only figures whose interval leaves out 0 are shown; n stands beside each."""
    told = run("accepted", "new", "--only-differences")[1]
    assert "score:built-in " in told
    assert "4 of 4" in told
    assert "end_tension" not in told
    assert "end_tension" in run("accepted", "new")[1]
    assert "no figure differs beyond its interval" in run("new", "new", "--only-differences")[1]


def test_json_is_one_document(logs: Path) -> None:
    """With --json there is one document and nothing else, by path as well as by id."""
    found = json.loads(run(str(logs / "accepted.jsonl"), "new", "--json")[1])
    assert found["pairs"] == 4
    assert found["worse"] == ["score:built-in"]


def test_an_unknown_run_is_an_error(logs: Path) -> None:
    """The message names the runs that there are."""
    with pytest.raises(NotFound, match=r"no run 'nothing'.*accepted, new"):
        run("nothing", "new")


def test_what_somebody_wrote_cannot_touch_the_terminal(logs: Path) -> None:
    """A failure's text with escape sequences and mark-up is shown as text."""
    bad: SampleResult = a_result(a_sample("lost-lamp", "es"), failure="\x1b[31m[bold]evil[/bold]")
    good = a_side([50] * 4, [3.0] * 4).results
    write_log(a_run([*good[:3], bad], run_id="hostile"), logs)
    told = run("accepted", "hostile")[1]
    assert "\x1b" not in told
    assert "[bold]evil[/bold]" in told
