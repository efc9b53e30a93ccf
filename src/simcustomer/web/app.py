"""The web app: settings, store, players and background work are built here and nowhere below."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Response
from starlette.responses import JSONResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import simcustomer
from simcustomer.cast.parts import Cast
from simcustomer.library import Library
from simcustomer.practice import Practice
from simcustomer.settings import Settings, load_settings
from simcustomer.store.store import Store
from simcustomer.web import api, openai, pages, problems, runs, scorecard, stream
from simcustomer.web.deps import DeskDep
from simcustomer.web.desk import Desk, Scoring
from simcustomer.web.live import Live
from simcustomer.web.security import Guarded
from simcustomer.work import Work

STATIC_DIR = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
"""For a static file asked for with its content's hash: another content has another address."""

A_DAY = "public, max-age=86400"
"""For fonts, which style sheets ask for by name: they change with a release at most."""


def create_app(
    settings: Settings | None = None,
    *,
    cast: Cast | None = None,
    scoring: Callable[[Practice], Scoring] | None = None,
) -> FastAPI:
    """The app. ``cast`` and ``scoring`` replace the players and the background work that the settings ask for.

    Raises ``ConfigError`` when the settings, the personas or the rubric are wrong.
    """
    settings = settings or load_settings()
    library = Library(settings.personas_dir, settings.prompts_dir, settings.rubric)
    library.personas()
    library.rubric()
    players = cast or _players(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = await Store.open(settings.database_url)
        practice = Practice(store, library, players, settings.practice_passes, settings.assessment_passes)
        work = scoring(practice) if scoring else Work(store, practice, settings)
        live = Live()
        app.state.desk = Desk(practice, live, work, settings.show_drafts)
        try:
            await work.start()
            try:
                yield
            finally:
                await live.close()
                await work.stop()
        finally:
            await store.close()

    app = FastAPI(
        title="simcustomer",
        version=simcustomer.__version__,
        summary="Practise hard conversations with a simulated customer, and be scored with evidence.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    app.add_middleware(Guarded)
    for part in (api, stream, pages, runs, scorecard):
        app.include_router(part.router)
    app.add_api_route("/healthz", healthz, tags=["health"])
    app.add_api_route("/readyz", readyz, tags=["health"], response_model=None)
    app.mount("/v1", openai.create(app))
    app.mount("/static", _Static(directory=STATIC_DIR))
    return app


async def healthz() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


async def readyz(desk: DeskDep) -> Response:
    """The process can work: its database answers."""
    if await desk.practice.store.is_ready():
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "the database does not answer"}, 503)


def _players(settings: Settings) -> Cast:
    from simcustomer.cast.casting import cast_from

    return cast_from(settings)


class _Static(StaticFiles):
    """Static files; those asked for by their content's hash are kept by the browser."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with how long it may be kept."""
        response = await super().get_response(path, scope)
        hashed = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = (
            FOREVER if hashed else A_DAY if path.startswith("fonts/") else "no-cache"
        )
        return response
