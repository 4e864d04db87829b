"""Every row of every component table imports."""

from importlib import import_module

from plait.core.table import Table


def test_every_row_loads(rooms):
    tables = {
        room: rows
        for room in rooms
        if (rows := getattr(import_module(f"plait.{room}"), "TABLE", None)) is not None
    }
    assert {"engines", "tasks"} <= set(tables)
    for room, rows in tables.items():
        table = Table(room, rows)
        for name in table.names():
            assert callable(table.load(name)), (room, name)
