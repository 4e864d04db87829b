"""The watch: what do many past requests say?

Question: what do many past requests say, and what should be done about it?
Verbs: observe, report, act; it schedules and reads, statistics are `evaluate`'s.
May import: tasks, guards, evaluate, registry, engines, store, core.
Not here: the live request, numbers computed by hand.
"""
