"""Keys of messages that a complaint takes over when it is erased already."""

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx


def destroy_adopted(tx: Tx, key_id: str, complaint_id: str, page_id: str) -> None:
    """Destroy the key of an erased complaint's message, and of the page it came in.

    The page's other records have keys of their own. `page_id` is empty without a page.
    """
    k = t.data_keys.c
    gone = {"wrapped": None, "destroyed_at": tx.now}
    tx.conn.execute(
        sa.update(t.data_keys)
        .where(k.id == key_id)
        .values(complaint_id=complaint_id, **gone)
    )
    if not page_id:
        return
    page = sa.select(t.journal.c.data_key_id).where(t.journal.c.id == page_id)
    tx.conn.execute(
        sa.update(t.data_keys)
        .where(k.id == page.scalar_subquery(), k.wrapped.is_not(None))
        .values(**gone)
    )
