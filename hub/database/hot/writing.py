"""The two writers of a batch."""

import sqlalchemy as sa

from hub.database.engine import Tx
from hub.database.hot.batch import Batch, Row, Sheet
from hub.database.hot.packing import Packed, packers_of
from hub.database.hot.pipeline import Statement, run
from hub.database.hot.statements import writing


class RowGoneError(RuntimeError):
    """A row that was to be changed is not there, or was changed by somebody else.

    Nothing of the batch is written; the next try sees how it is now.
    """


def write(tx: Tx, batch: Batch) -> None:
    """Store everything that the batch collected, and leave it empty.

    Raises RowGoneError when a change finds no row.
    """
    filled = list(batch.take())
    if not filled:
        return
    if tx.is_postgresql:
        _by_arrays(tx, filled)
        return
    for sheet, rows in filled:
        _by_core(tx, sheet, rows)


def _by_arrays(tx: Tx, filled: list[tuple[Sheet, list[Row]]]) -> None:
    statements: list[Statement] = [
        (writing(sheet), _arrays(sheet, rows)) for sheet, rows in filled
    ]
    done = run(tx, statements)
    for (sheet, rows), cursor in zip(filled, done, strict=True):
        _expect(sheet, rows, cursor.rowcount)


def _arrays(sheet: Sheet, rows: list[Row]) -> list[Packed]:
    packers = packers_of(sheet.table, sheet.names)
    return [
        pack([row[name] for row in rows])
        for name, pack in zip(sheet.names, packers, strict=True)
    ]


def _by_core(tx: Tx, sheet: Sheet, rows: list[Row]) -> None:
    if not sheet.key:
        values = [{name: row[name] for name in sheet.columns} for row in rows]
        tx.conn.execute(sa.insert(sheet.table), values)
        return
    c = sheet.table.c
    change = (
        sa.update(sheet.table)
        .where(
            *(
                c[name] == sa.bindparam(f"key_{name}", type_=c[name].type)
                for name in sheet.key
            )
        )
        .values(
            {
                name: sa.bindparam(f"new_{name}", type_=c[name].type)
                for name in sheet.columns
            }
        )
    )
    found = tx.conn.execute(
        change,
        [
            {f"key_{name}": row[name] for name in sheet.key}
            | {f"new_{name}": row[name] for name in sheet.columns}
            for row in rows
        ],
    )
    _expect(sheet, rows, found.rowcount)


def _expect(sheet: Sheet, rows: list[Row], count: int) -> None:
    if count not in (len(rows), -1):
        msg = f"{sheet.table.name}: {count} of {len(rows)} rows were written"
        raise RowGoneError(msg)
