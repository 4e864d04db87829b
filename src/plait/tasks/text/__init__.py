"""Texts: which level each one has, or none.

Question: what does the released artefact say of these texts?
Verbs: run.
May import: evaluate, registry, engines, store, core.
Not here: fitting, which is `plait.train`'s; where a text goes then, which is `plait.flow`'s.
"""
