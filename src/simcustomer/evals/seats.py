"""Who sits where in a sample: customer, appraiser, judges and trainee, on models that share slots and the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from simcustomer.cast.builtin.trainee import ScriptedTrainee
from simcustomer.cast.casting import Players
from simcustomer.cast.grader import FactGrader, LLMFactGrader
from simcustomer.cast.parts import Cast, Judge, Trainee
from simcustomer.evals.budget import endpoint_model, models_of
from simcustomer.evals.journal import Journal, JournalledModel
from simcustomer.evals.material import Material
from simcustomer.evals.suite import Concurrency, EndpointTrainee, ModelTrainee, Sample
from simcustomer.llm.model import ChatModel
from simcustomer.llm.prompts import Prompts
from simcustomer.settings import Settings

ModelOf = Callable[[str, str | None, asyncio.Semaphore], ChatModel]
"""Makes a model from its litellm name, its address (None: the settings') and the slots of its provider."""


def litellm_models(settings: Settings) -> ModelOf:
    """Models through litellm, with the settings' timeout, attempts and address."""
    from simcustomer.llm.litellm_model import LiteLLMModel

    def model_of(name: str, address: str | None, slots: asyncio.Semaphore) -> ChatModel:
        base = address or settings.api_base
        return LiteLLMModel(name, base, settings.model_timeout_s, settings.model_attempts, slots=slots)

    return model_of


def provider_of(model: str, address: str | None) -> str:
    """The provider of a model: what stands before the first slash of its name; the host of an endpoint."""
    return urlsplit(address).netloc if address else model.split("/", 1)[0]


class Slots:
    """How many requests may be under way at each provider."""

    def __init__(self, concurrency: Concurrency) -> None:
        self._concurrency = concurrency
        self._slots: dict[str, asyncio.Semaphore] = {}

    def of(self, provider: str) -> asyncio.Semaphore:
        """The slots of one provider."""
        if provider not in self._slots:
            self._slots[provider] = asyncio.Semaphore(self.size(provider))
        return self._slots[provider]

    def size(self, provider: str) -> int:
        """How many slots a provider has."""
        return self._concurrency.providers.get(provider, self._concurrency.requests)


def _read_once(folder: Path, salt: bytes) -> Callable[[], Prompts]:
    return cache(lambda: Prompts(folder, salt))


class Seats:
    """Seats every part of every sample. Each model is made once, and each prompt set is read once."""

    def __init__(self, material: Material, journal: Journal, model_of: ModelOf, salt: bytes) -> None:
        self._material = material
        self._journal = journal
        self._model_of = model_of
        self._slots = Slots(material.suite.concurrency)
        self._models: dict[tuple[str, str | None], ChatModel] = {}
        self._prompts = {name: _read_once(folder, salt) for name, folder in material.prompts.items()}
        self._players = {name: Players(self._model, prompts) for name, prompts in self._prompts.items()}
        self._casts: dict[tuple[str, str], Cast] = {}
        self._judges: dict[tuple[str, str], Judge] = {}

    @property
    def requests_at_once(self) -> int:
        """The most requests that can be under way, all providers together; 0 where every player is built-in."""
        providers = {provider_of(model, address) for model, address in models_of(self._material)}
        return sum(self._slots.size(provider) for provider in providers)

    def cast(self, sample: Sample) -> Cast:
        """Customer and appraiser. Judge and coach of this cast are built-in: no turn asks them."""
        key = (sample.customer, sample.prompts)
        if key not in self._casts:
            players = self._players[sample.prompts]
            self._casts[key] = Cast(
                appraiser=players.appraiser(sample.customer),
                customer=players.customer(sample.customer),
                judge=players.judge(None),
                coach=players.coach(None),
            )
        return self._casts[key]

    def judge(self, name: str, sample: Sample) -> Judge:
        """A judge, on the sample's prompt set."""
        key = (name, sample.prompts)
        if key not in self._judges:
            self._judges[key] = self._players[sample.prompts].judge(name)
        return self._judges[key]

    def grader(self, sample: Sample) -> FactGrader | None:
        """Who looks for invented facts, on the sample's prompt set; None where nobody does."""
        model = self._material.suite.grader
        return LLMFactGrader(self._model(model), self._prompts[sample.prompts]()) if model else None

    def trainee(self, sample: Sample) -> Trainee:
        """Who talks to the customer: a script, a model or an endpoint."""
        spec = self._material.trainee_of(sample)
        if isinstance(spec, ModelTrainee):
            return self._players[sample.prompts].trainee(spec.model, spec.skill)
        if isinstance(spec, EndpointTrainee):
            from simcustomer.cast.trainee import EndpointTrainee as Endpoint

            return Endpoint(self._model(endpoint_model(spec), spec.endpoint))
        return ScriptedTrainee(self._material.script_of(sample) or ())

    def _model(self, name: str, address: str | None = None) -> ChatModel:
        """A model behind the journal, with the slots of its provider."""
        key = (name, address)
        if key not in self._models:
            made = self._model_of(name, address, self._slots.of(provider_of(name, address)))
            self._models[key] = JournalledModel(made, self._journal)
        return self._models[key]
