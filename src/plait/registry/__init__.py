"""The registry: what is this, from where, may we use it, which one answers?

Question: what is this artefact or dataset, from where, may we use it, which one answers?
Verbs: register, resolve, release, pull.
May import: engines, store, core.
Not here: scores, and running anything.
"""
