"""The composition root: how is it put together?

Question: how is it put together?
Verbs: open, and the Python API: train, predict, explain, release.
May import: everything but serve, testing and cli.
Not here: HTTP, terminals, and any logic that a room below has a name for.
"""
