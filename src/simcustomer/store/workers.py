"""Workers in the store: which processes score conversations, and when each was last seen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlmodel import col

from simcustomer.store.database import Database
from simcustomer.store.records import Worker
from simcustomer.store.rows import worker_of
from simcustomer.store.sessions import insert_missing, now
from simcustomer.store.tables import WorkerRow


class Workers:
    """The part of ``Store`` that keeps the heartbeats of workers."""

    database: Database

    async def heartbeat(self, worker_id: str, host: str, pid: int, over: Worker | None = None) -> bool:
        """Say that a worker is alive. With ``over`` its name is taken over from a dead one, if that is still as it was.

        False when somebody else has the name by now.
        """
        values: dict[str, Any] = {"host": host, "pid": pid, "seen_at": now()}
        same = (col(WorkerRow.host) == host) & (col(WorkerRow.pid) == pid)
        if over:
            same = same | ((col(WorkerRow.pid) == over.pid) & (col(WorkerRow.seen_at) == over.seen_at))
        taken = (
            update(WorkerRow)
            .where(col(WorkerRow.id) == worker_id, same)
            .values(values)
            .returning(col(WorkerRow.id))
        )
        async with self.database.write() as session:
            await insert_missing(session, [WorkerRow(id=worker_id, **values)])
            return (await session.scalar(taken)) is not None

    async def workers(self) -> list[Worker]:
        """All workers that have not said good-bye."""
        async with self.database.read() as session:
            return [worker_of(row) for row in await session.scalars(select(WorkerRow).order_by("id"))]

    async def forget_worker(self, worker_id: str) -> None:
        """A worker has gone, and nothing of its work is left."""
        async with self.database.write() as session:
            if row := await session.get(WorkerRow, worker_id):
                await session.delete(row)
