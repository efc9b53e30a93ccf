"""``serve`` the pages and the API; ``models`` says who plays what and whether it answers."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.table import Table

from simcustomer.cast.casting import cast_from, describe
from simcustomer.cast.parts import BUILT_IN
from simcustomer.cli.inputs import print_json
from simcustomer.cli.screen import console, shown
from simcustomer.errors import ModelError
from simcustomer.settings import Settings, load_settings

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000


def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = DEFAULT_HOST,
    port: Annotated[int, typer.Option(help="port to listen on")] = DEFAULT_PORT,
) -> None:
    """Serve the pages and the JSON API."""
    from simcustomer.web.app import create_app
    from simcustomer.web.server import serve as run

    settings = load_settings()
    console.print(
        f"simcustomer on http://{host}:{port} — {describe(cast_from(settings))}", markup=False, soft_wrap=True
    )
    run(create_app(settings), host, port)


def models(as_json: Annotated[bool, typer.Option("--json", help="JSON and nothing else")] = False) -> None:
    """Who plays customer, appraiser, judge and coach, with which model, and whether it answers."""
    rows = asyncio.run(_asked())
    if as_json:
        print_json(rows)
        return
    table = Table("part", "player", "answers")
    for row in rows:
        table.add_row(row["part"], shown(row["player"]), shown(row["answers"]))
    console.print(table)


async def _asked() -> list[dict[str, str]]:
    settings = load_settings()
    parts = cast_from(settings).names()
    answers = {player: await _answers(player, settings) for player in sorted(set(parts.values()))}
    return [{"part": part, "player": player, "answers": answers[player]} for part, player in parts.items()]


async def _answers(player: str, settings: Settings) -> str:
    """Whether this player answers, in words. A model is asked for one word, once."""
    if player == BUILT_IN:
        return "yes: runs in this process, no language model"
    from simcustomer.llm.litellm_model import LiteLLMModel, close_clients

    try:
        seconds = await LiteLLMModel(player, settings.api_base, settings.model_timeout_s, 1).ping()
    except ModelError as error:
        return f"no: {error}"
    finally:
        await close_clients()
    return f"yes, after {seconds:.1f} s"
