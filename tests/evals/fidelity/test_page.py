"""docs/fidelity.md: what was measured and nothing else, the same bytes each time, and text that stays text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markdown_it import MarkdownIt
from markdown_it.token import Token

from simcustomer.cli.fidelity import bench_of
from simcustomer.evals.fidelity.page import _environment, inline, page_of, paragraph, table_markdown
from simcustomer.evals.fidelity.parts import Bench, Measurement, measurement_of
from simcustomer.evals.fidelity.stored import PARTS, Opened, Part, Stored
from simcustomer.evals.figures import Titled
from simcustomer.settings import Settings, content_dir
from tests.evals.fidelity.test_stored import a_stored

PAGE = Path(__file__).parents[3] / "docs" / "fidelity.md"
CHEAP: tuple[Part, ...] = ("appraiser", "labels", "judge", "fairness")
"""Parts that a test measures again: together some half a minute. The others take as long each, and what they hold has tests
of its own (``test_thirty_turns``, ``test_feedback``, ``robustness``)."""
HOSTILE = "a | b\nc <script>alert(1)</script> ![x](http://x.example) **b** `c` $d$ # e"
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def a_table(**changes: Any) -> Titled:
    """A small table."""
    return Titled(**({"title": "T", "columns": ("a", "b"), "rows": (("x", 0.5), ("y", None))} | changes))


def whole(**changes: Any) -> str:
    """A page on which nothing was measured, with changes."""
    given: dict[str, Any] = {"measured": {}, "stored": (), "opened": None}
    return page_of(**(given | changes))


def text_of(tokens: list[Token] | None) -> str:
    """What a reader sees of a line, which must be words and nothing else."""
    assert {token.type for token in tokens or []} <= {"text", "text_special"}
    return "".join(token.content for token in tokens or [])


# --- the page and the command -------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", CHEAP)
async def test_the_page_holds_what_is_measured_now(part: Part) -> None:
    """Word for word. After a change that is meant: `simcustomer eval fidelity`, and read what it wrote."""
    bench = bench_of(Settings())
    measured = await measurement_of(part, bench)
    page = PAGE.read_text(encoding="utf-8")
    stale = [table.title for table in measured.tables if table_markdown(table) not in page]
    assert stale == [], "docs/fidelity.md is not of this version: run `simcustomer eval fidelity`"
    assert not measured.missing or measured.missing in page


def test_the_page_holds_what_was_stored() -> None:
    """Every table of every file in evals/fidelity."""
    page = PAGE.read_text(encoding="utf-8")
    tables = [table for one in bench_of(Settings()).stored for table in one.tables]
    assert [table.title for table in tables if table_markdown(table) not in page] == []


def test_the_players_are_built_in_whatever_is_set() -> None:
    """The page says that it needs no key: a model in the environment changes nothing."""
    bench = bench_of(Settings(model="some/model", judge_model="other/model"))
    assert set(bench.cast.names().values()) == {"built-in"}


async def test_the_reporting_part_stays_closed_until_somebody_says_when_it_was_opened(tmp_path: Path) -> None:
    """Only the sizes are shown; with an opening the same content is measured, the cases read wrongly quoted."""
    cues = tmp_path / "cues"
    (cues / "reporting").mkdir(parents=True)
    lines = (content_dir("evals") / "cues" / "replies.en.jsonl").read_text(encoding="utf-8").splitlines()
    (cues / "replies.en.jsonl").write_text("\n".join(lines[:60]), encoding="utf-8")
    (cues / "reporting" / "replies.en.jsonl").write_text("\n".join(lines[60:90]), encoding="utf-8")
    shipped = bench_of(Settings())
    bench = Bench(tmp_path, shipped.library, shipped.cast)
    closed = await measurement_of("appraiser", bench)
    assert [table.title for table in closed.tables] == ["The cue set"]
    assert "has not been opened" in closed.missing
    opened = Opened(opened_on="2026-01-31", command="simcustomer eval fidelity")  # type: ignore[arg-type] # as JSON has it
    found = await measurement_of("appraiser", Bench(tmp_path, bench.library, bench.cast, opened=opened))
    assert found.missing == ""
    titles = [table.title for table in found.tables]
    assert "Injections and keyword strings of the reporting part" in titles
    assert titles[-1].startswith("Read the wrong way")
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)


# --- what it says -------------------------------------------------------------------------------------------------


def test_what_was_not_measured_says_so() -> None:
    """Every part that was left out, every section without a file, and the closed reporting part."""
    page = whole()
    assert page.count("**Not measured:** left out of this run.") == len(PARTS)
    assert page.count("has no file for this section yet") == 3
    assert "**not been opened**" in page


def test_what_was_measured_by_hand_says_who_when_and_how_many() -> None:
    """In its section, below what is measured now."""
    stored = Stored.model_validate(a_stored(note="Read by one person."))
    page = whole(stored=(stored,), measured={"feedback": Measurement((a_table(title="Now"),))})
    heading = "### The coach before (2026-01-30, a hosted model, by hand, n = 3 conversations)"
    assert page.index("**Now**") < page.index(heading) < page.index("Read by one person.")
    assert "| length | 0.50 |" in page


def test_an_opening_is_told_with_day_and_command() -> None:
    """And the sentence that it is closed is gone."""
    opened = Opened.model_validate(
        {"opened_on": "2026-01-31", "command": "a `b`", "note": "Nothing * since."}
    )
    page = whole(opened=opened)
    assert "It was opened on 2026-01-31, by `a 'b'`. Nothing \\* since." in page
    assert "not been opened" not in page


def test_the_same_content_gives_the_same_bytes() -> None:
    """No clock and no chance."""
    given: dict[str, Any] = {"measured": {"judge": Measurement((a_table(),))}}
    assert whole(**given) == whole(**given)


# --- text stays text ----------------------------------------------------------------------------------------------


def test_a_hostile_table_is_a_table() -> None:
    """Title, note, columns and cells: nothing in them is mark-up or ends the table."""
    table = a_table(title=HOSTILE, note=HOSTILE, columns=(HOSTILE, "b"), rows=((HOSTILE, 1),))
    tokens = MARKDOWN.parse(table_markdown(table))
    kinds = [token.type for token in tokens]
    assert "html_block" not in kinds
    assert kinds.count("table_open") == 1
    assert kinds.count("tr_open") == 2
    wanted = " ".join(HOSTILE.split())
    cells = [text_of(t.children) for i, t in enumerate(tokens) if kinds[i - 1] in ("th_open", "td_open")]
    assert cells == [wanted, "b", wanted, "1"]


@given(st.text(min_size=1, max_size=80))
def test_any_text_survives_in_a_cell_and_in_a_paragraph(text: str) -> None:
    """What a reader sees is what was written, in plain words; white space is one space."""
    seen = " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())
    tokens = MARKDOWN.parse(f"| a |\n|---|\n| {inline(text)} |\n")
    assert text_of(tokens[-5].children) == seen
    if seen:
        tokens = MARKDOWN.parse(paragraph(text))
        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
        assert text_of(tokens[1].children) == seen


@pytest.mark.parametrize(
    "text", ["1. one", "12) twelve", "- x", "+ x", "=====", "# x", "> x", "www.x.example", "3.5"]
)
def test_a_paragraph_is_neither_list_nor_heading(text: str) -> None:
    """Whatever it begins with."""
    tokens = MARKDOWN.parse(paragraph(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert text_of(tokens[1].children) == text


def test_a_forgotten_filter_is_an_error() -> None:
    """A template that prints a value bare, or a name that nobody gave, does not make a page."""
    with pytest.raises(TypeError, match="printed without"):
        _environment().from_string("{{ value }}").render(value="a | b")
    with pytest.raises(UndefinedError):
        _environment().from_string("{{ nobody | inline }}").render()
