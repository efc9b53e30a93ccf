"""The built-in players' own words: complete in each language, none twice, the right form of address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from simcustomer.cast.builtin.lines import Lines, addressed, lines_of, notices
from simcustomer.domain.persona import Language
from simcustomer.domain.text import fold

LANGUAGES = pytest.mark.parametrize("language", ["en", "es"])


def texts(value: Any) -> Iterator[str]:
    """All strings in a nest of mappings and lists."""
    if isinstance(value, str):
        yield value
    else:
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


@LANGUAGES
def test_no_line_of_the_customer_stands_twice(language: Language) -> None:
    """A line in two pools would be used up in both at once."""
    customer = lines_of(language).customer.model_dump(mode="json")
    phrases = customer.pop("notices")
    assert phrases
    assert [line for line, n in Counter(map(fold, texts(customer))).items() if n > 1] == []


@LANGUAGES
@pytest.mark.parametrize("address", ["tú", "usted", "you"])
def test_every_line_has_a_form_for_every_address(language: Language, address: str) -> None:
    """No mark of a variant is left over in any line."""
    own = lines_of(language).model_dump(mode="json")
    own["coach"] = {k: v for k, v in own["coach"].items() if isinstance(v, dict)}
    worded = [addressed(line, address) for line in texts(own)]
    assert [line for line in worded if set(line) & set("{|}")] == []


def test_the_form_of_address_picks_the_variant() -> None:
    """The first variant is for tú, the second for usted."""
    assert addressed("No me {digas|diga} eso, {tú|usted}.", "tú") == "No me digas eso, tú."
    assert addressed("No me {digas|diga} eso, {tú|usted}.", "usted") == "No me diga eso, usted."


def test_a_language_that_lacks_a_kind_is_refused() -> None:
    """A kind of cue without lines is found when the file is read, not in the middle of a conversation."""
    fields = lines_of("en").model_dump(mode="json")
    del fields["customer"]["upset_by"]["blames"]
    with pytest.raises(ValidationError, match="upset_by lacks: blames"):
        Lines.model_validate(fields)


def test_phrases_are_noticed_without_accents() -> None:
    """Who writes in a hurry leaves the accents out."""
    assert notices("cual le conviene mas", ["cuál le"])
    assert not notices("el cualquiera", ["cuál"])


@LANGUAGES
def test_a_line_for_something_named_has_its_place_for_it_and_no_other_line_has(language: Language) -> None:
    """A place for a time, a sum or a name that nothing fills would be shown as it stands."""
    customer = lines_of(language).customer.model_dump(mode="json")
    slots = {"when": "[when]", "sum": "[sum]", "name": "[name]"}
    for slot, heat in customer.pop("named").items():
        assert all(slots[slot] in line for line in texts(heat))
    assert all("[when]" in line for line in texts([customer.pop("promised"), customer.pop("promise_broken")]))
    assert not [line for line in texts(customer) if "[" in line]
