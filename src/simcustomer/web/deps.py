"""What handlers ask for: the desk that the app was built with."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from simcustomer.web.desk import Desk


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskDep = Annotated[Desk, Depends(_desk)]
