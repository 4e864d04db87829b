"""Series: forecasts of what comes, with intervals.

Question: how does this history go on?
Verbs: run.
May import: evaluate, registry, engines, store, core.
Not here: fitting, which is `plait.train`'s.
"""
