"""``eval train-appraiser``: learn the built-in appraiser's small model again from labelled replies."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from simcustomer.cli.inputs import library_of, require_writable
from simcustomer.cli.screen import console, shown
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.rated import replies_of
from simcustomer.evals.training import learned, packed
from simcustomer.settings import load_settings


def train_appraiser(
    files: Annotated[
        list[Path], typer.Argument(help="JSON lines of labelled replies; never those kept for reporting")
    ],
    out: Annotated[
        Path | None, typer.Option(help="folder to write to; unset: the package's own, for the next start")
    ] = None,
) -> None:
    """Learn the built-in appraiser's model from labelled replies, one file a language; minutes, no network."""
    if kept_back := [path for path in files if "reporting" in (*path.parts, path.resolve().parent.name)]:
        raise ConfigError(
            f"{kept_back[0]}: is kept for reporting: what was learned from it cannot be measured on it"
        )
    replies, library = replies_of(files), library_of(load_settings())
    if not replies:
        raise ConfigError(f"{files[0]}: holds no labelled reply; evals/cues/README.md says what a line is")
    folder = out or Path(str(resources.files("simcustomer.cast.builtin") / "trained"))
    require_writable(folder)  # learning takes minutes
    for language in sorted({reply.language for reply in replies}):
        document = learned(replies, library.persona, language)
        body = packed(document)
        path = folder / f"{language}.json.gz"
        try:
            path.write_bytes(body)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error}") from error
        console.print(
            f"{shown(str(path))}: {len(body) // 1024} KB, learned from {document['source']['replies']} replies of "
            f"{len(document['source']['writers'])} writers",
            soft_wrap=True,
        )
