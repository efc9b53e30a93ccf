"""Choose the players from the settings: the built-in ones where no model is set, a language model where one is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeGuard

from simcustomer.cast.parts import BUILT_IN, Appraiser, Cast, Coach, Customer, Judge, Trainee
from simcustomer.settings import Settings

if TYPE_CHECKING:
    from simcustomer.llm.model import ChatModel
    from simcustomer.llm.prompts import Prompts

NO_MODEL = "built-in practice engine, no language model"
"""What banners, pages and records say when no model is set for any part."""


def cast_from(settings: Settings) -> Cast:
    """The players. A part's own model setting wins over the general one; the coach uses the judge's model and measures
    its better wordings by the appraiser.

    Nothing is asked of a model here, and with no model set neither a model library nor a prompt is loaded.
    """
    models = _Models(settings)
    players = Players(models.of, lambda: models.prompts)
    return Cast(
        appraiser=players.appraiser(settings.appraiser_model or settings.model),
        customer=players.customer(settings.customer_model or settings.model),
        judge=players.judge(settings.judge_model or settings.model),
        coach=players.coach(
            settings.judge_model or settings.model, settings.appraiser_model or settings.model
        ),
    )


def describe(cast: Cast) -> str:
    """One line for banners: who plays what."""
    names = cast.names()
    if set(names.values()) == {BUILT_IN}:
        return NO_MODEL
    if len(set(names.values())) == 1:
        return f"all parts on {cast.judge.name}"
    return ", ".join(f"{part}: {_shown(name)}" for part, name in names.items())


def _shown(name: str) -> str:
    return "built-in practice engine" if name == BUILT_IN else name


class _Models:
    """The models that the settings name, each made once, and the prompts they share."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, ChatModel] = {}
        self._prompts: Prompts | None = None

    def of(self, name: str) -> ChatModel:
        """The model with this litellm name; parts that share a name share the model."""
        from simcustomer.llm.litellm_model import LiteLLMModel

        if name not in self._made:
            s = self._settings
            self._made[name] = LiteLLMModel(name, s.api_base, s.model_timeout_s, s.model_attempts)
        return self._made[name]

    @property
    def prompts(self) -> Prompts:
        """The prompt templates of the settings' folder."""
        from simcustomer.llm.prompts import Prompts

        if self._prompts is None:
            self._prompts = Prompts(self._settings.prompts_dir)
        return self._prompts


class Players:
    """Makes the player of a part: on the model of that name, or the built-in one for no name and for "built-in".

    ``model_of`` and ``prompts`` are called only for parts that a model plays.
    """

    def __init__(self, model_of: Callable[[str], ChatModel], prompts: Callable[[], Prompts]) -> None:
        self._model_of = model_of
        self._prompts = prompts

    def appraiser(self, model: str | None) -> Appraiser:
        """The appraiser."""
        if not _is_model(model):
            return _built_in_appraiser()
        from simcustomer.cast.appraiser import LLMAppraiser

        return LLMAppraiser(self._model_of(model), self._prompts())

    def customer(self, model: str | None) -> Customer:
        """The customer; the built-in one is a model's understudy."""
        from simcustomer.cast.builtin.customer import BuiltInCustomer

        if not _is_model(model):
            return BuiltInCustomer()
        from simcustomer.cast.customer import LLMCustomer

        return LLMCustomer(self._model_of(model), self._prompts(), BuiltInCustomer())

    def judge(self, model: str | None) -> Judge:
        """The judge."""
        if not _is_model(model):
            from simcustomer.cast.builtin.judge import BuiltInJudge

            return BuiltInJudge(_built_in_appraiser())
        from simcustomer.cast.judge import LLMJudge

        return LLMJudge(self._model_of(model), self._prompts())

    def coach(self, model: str | None, appraiser: str | None = None) -> Coach:
        """The coach. What a model writes is measured by the appraiser of the play; the built-in one brings its own."""
        if not _is_model(model):
            from simcustomer.cast.builtin.coach import BuiltInCoach

            return BuiltInCoach(_built_in_appraiser())
        from simcustomer.cast.coach import LLMCoach

        return LLMCoach(self._model_of(model), self._prompts(), self.appraiser(appraiser))

    def trainee(self, model: str, skill: str) -> Trainee:
        """A model in the trainee's seat, told how skilled it is."""
        from simcustomer.cast.trainee import LLMTrainee

        return LLMTrainee(self._model_of(model), self._prompts(), skill)


def _is_model(name: str | None) -> TypeGuard[str]:
    return bool(name) and name != BUILT_IN


def _built_in_appraiser() -> Appraiser:
    from simcustomer.cast.builtin.appraiser import BuiltInAppraiser

    return BuiltInAppraiser()
