"""Rows of a table: classes, probabilities, numbers, intervals and reasons.

Question: what does the released artefact say of these rows?
Verbs: run.
May import: evaluate, registry, engines, store, core.
Not here: fitting, which is `plait.train`'s.
"""
