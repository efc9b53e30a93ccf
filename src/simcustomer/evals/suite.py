"""A suite says what to compare: personas x languages x difficulties x customers x prompt sets x trainees x epochs."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, RootModel, StringConstraints, Tag, model_validator

from simcustomer.cast.parts import BUILT_IN
from simcustomer.domain.affect import DEFAULT_DIFFICULTY
from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Language, Persona
from simcustomer.errors import ConfigError
from simcustomer.library import Library, load

Skill = Literal[
    "expert",
    "competent",
    "solution_only",
    "hollow_empathy",
    "dismissive",
    "hostile",
    "keyword_stuffer",
    "injector",
]
SKILLS: tuple[Skill, ...] = (
    "expert",
    "competent",
    "solution_only",
    "hollow_empathy",
    "dismissive",
    "hostile",
    "keyword_stuffer",
    "injector",
)
"""The ladder of trainees, best first. The last two try to win by words alone and by instructions to the program."""

RANK: Mapping[Skill, int] = {
    "expert": 1,
    "competent": 2,
    "solution_only": 2,
    "hollow_empathy": 3,
    "dismissive": 3,
    "hostile": 3,
    "keyword_stuffer": 3,
    "injector": 3,
}
"""Where each skill stands on the ladder: the higher, the tenser its customers should end. Equal ranks are not ordered.

Competent and solution only both help without hearing much; which eases more depends on the customer (a confused one wants
plain facts). The last five all fail, and a customer who leaves at once stops at a lower tension than one who stays to the
end: an order among them would reward the worst.
"""

DEFAULT_PROMPTS = "default"
"""The name of the prompt set that the settings point to."""

ModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Ladder(RootModel[Mapping[Skill, tuple[tuple[str, ...], ...]]]):
    """The scripted trainees of one persona in one language: skill -> variants -> replies."""

    @model_validator(mode="after")
    def _whole(self) -> Ladder:
        missing = [skill for skill in SKILLS if not self.root.get(skill)]
        if missing:
            raise ValueError(f"lacks {', '.join(missing)}: each skill needs at least one list of replies")
        if any(not variant for variants in self.root.values() for variant in variants):
            raise ValueError("a variant without replies: write what this trainee says")
        return self

    def script(self, skill: Skill, variant: int) -> tuple[str, ...]:
        """The replies of one variant, counted from 1."""
        return self.root[skill][variant - 1]


class ModelTrainee(Frozen):
    """A language model in the trainee's seat, told how skilled it is."""

    model: ModelName
    skill: Skill = "competent"

    @property
    def label(self) -> str:
        """How it stands in tables."""
        return f"{self.model} as {self.skill}"


class EndpointTrainee(Frozen):
    """Somebody's own support bot behind the OpenAI protocol. It gets the conversation and nothing else."""

    endpoint: Annotated[str, StringConstraints(pattern=r"^https?://")]
    model: ModelName = "default"

    @property
    def label(self) -> str:
        """How it stands in tables."""
        return f"{self.model} at {self.endpoint}"


def _seat(given: object) -> str:
    """Which kind of trainee is meant, so that an error is about that one and not about all three."""
    if isinstance(given, EndpointTrainee) or (isinstance(given, Mapping) and "endpoint" in given):
        return "endpoint"
    return "model" if isinstance(given, (ModelTrainee, Mapping)) else "skill"


TraineeSpec = Annotated[
    Annotated[Skill, Tag("skill")]
    | Annotated[ModelTrainee, Tag("model")]
    | Annotated[EndpointTrainee, Tag("endpoint")],
    Discriminator(_seat),
]


class Limits(Frozen):
    """Where a run stops by itself. Stopped runs go on with ``--resume`` and a higher limit. None: no limit."""

    samples: int | None = Field(default=None, ge=1, description="conversations, the first ones of the plan")
    cost_usd: float | None = Field(default=None, gt=0, description="money, US dollars, all models together")
    tokens: int | None = Field(default=None, ge=1, description="tokens in and out, all models together")
    seconds: float | None = Field(default=None, gt=0, description="wall time of one start of the run")


class Concurrency(Frozen):
    """How many requests are under way at once."""

    requests: int = Field(default=8, ge=1, le=512, description="for each provider that is not named below")
    providers: Mapping[str, Annotated[int, Field(ge=1, le=512)]] = Field(
        default_factory=dict, description="provider (what stands before / in a model name) -> requests"
    )


class Suite(Frozen):
    """One evaluation, as its file says."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: str = ""
    personas: tuple[str, ...] | Literal["all"] = "all"
    languages: tuple[Language, ...] = ("en", "es")
    difficulties: tuple[Annotated[int, Field(ge=1, le=5)], ...] = (DEFAULT_DIFFICULTY,)
    customers: tuple[ModelName, ...] = Field(
        default=(BUILT_IN,), description="who plays customer and appraiser: litellm names or built-in"
    )
    judges: tuple[ModelName, ...] = Field(default=(BUILT_IN,), description="who judges; may be empty")
    judge_passes: int = Field(default=1, ge=1, le=9)
    grader: ModelName | None = Field(
        default=None,
        description="the model that looks for invented facts in the customer's lines; unset: nobody does",
    )
    prompts: Mapping[str, Path | None] = Field(
        default_factory=lambda: {DEFAULT_PROMPTS: None},
        description="name -> folder with the same file names as prompts/ (relative to the suite); empty: the default",
    )
    trainees: tuple[TraineeSpec, ...] = SKILLS
    variants: int | None = Field(
        default=None, ge=1, description="scripts of each skill; unset: all there are"
    )
    epochs: int = Field(default=1, ge=1, le=100)
    seed: int = 1
    rubric: str | None = Field(default=None, description="name or path; unset: the settings' rubric")
    ladder: Path | None = Field(
        default=None,
        description="folder of the scripted trainees (relative to the suite); unset: the shipped one",
    )
    limits: Limits = Limits()
    concurrency: Concurrency = Concurrency()

    @model_validator(mode="after")
    def _something_to_do(self) -> Suite:
        for name in ("personas", "languages", "difficulties", "customers", "prompts", "trainees"):
            given = getattr(self, name)
            if not given:
                raise ValueError(f"{name}: is empty; leave it out for the default")
            if not isinstance(given, (str, Mapping)) and len(set(given)) < len(given):
                raise ValueError(f"{name}: names the same thing twice")
        if self.grader == BUILT_IN:
            raise ValueError("grader: only a language model grades lines; leave it out for none")
        return self


class Sample(Frozen):
    """One conversation to be had. ``variant`` and ``epoch`` count from 1; ``trainee`` is a skill or a trainee's label."""

    persona: str
    language: Language
    difficulty: int
    customer: str
    prompts: str
    trainee: str
    variant: int
    epoch: int

    @property
    def id(self) -> str:
        """The same for the same place in the plan, in every run."""
        return "/".join(map(str, self.model_dump().values()))

    def seed(self, suite_seed: int) -> int:
        """For whatever is chosen by chance in this sample: steady, and different for each sample and suite seed."""
        return int.from_bytes(hashlib.sha256(f"{suite_seed}/{self.id}".encode()).digest()[:8])


def load_suite(path: Path) -> Suite:
    """Read a suite; relative folders in it count from its own. Raises ``ConfigError``."""
    suite = load(path, Suite)
    here = path.resolve().parent
    prompts = {name: (here / folder if folder else None) for name, folder in suite.prompts.items()}
    ladder = here / suite.ladder if suite.ladder else None
    return suite.model_copy(update={"prompts": prompts, "ladder": ladder})


def personas_of(suite: Suite, library: Library) -> list[Persona]:
    """The personas that a suite names, in its languages. Raises ``NotFound`` for an unknown one."""
    if suite.personas == "all":
        return [persona for persona in library.personas() if persona.language in suite.languages]
    pairs = itertools.product(suite.personas, suite.languages)
    return [library.persona(persona_id, language) for persona_id, language in pairs]


def load_ladder(folder: Path, persona: str, language: Language) -> Ladder:
    """The scripted trainees of one persona. Raises ``ConfigError`` that says which file to write."""
    path = folder / f"{persona}.{language}.yaml"
    if not path.is_file():
        raise ConfigError(
            f"{path}: no scripted trainees for persona {persona!r} in language {language!r}; "
            f"write that file with a list of scripts for each of: {', '.join(SKILLS)}"
        )
    return load(path, Ladder)


def plan(
    suite: Suite, personas: Sequence[Persona], ladders: Mapping[tuple[str, Language], Ladder]
) -> list[Sample]:
    """All samples of a suite, in the order in which they are begun. Scripted trainees bring their variants."""
    samples = []
    for epoch, persona, difficulty, customer, prompts, trainee in itertools.product(
        range(1, suite.epochs + 1),
        personas,
        suite.difficulties,
        suite.customers,
        suite.prompts,
        suite.trainees,
    ):
        scripts = ladders[persona.id, persona.language].root[trainee] if isinstance(trainee, str) else (None,)
        for variant in range(1, min(len(scripts), suite.variants or len(scripts)) + 1):
            samples.append(
                Sample(
                    persona=persona.id,
                    language=persona.language,
                    difficulty=difficulty,
                    customer=customer,
                    prompts=prompts,
                    trainee=trainee if isinstance(trainee, str) else trainee.label,
                    variant=variant,
                    epoch=epoch,
                )
            )
    return samples[: suite.limits.samples]
