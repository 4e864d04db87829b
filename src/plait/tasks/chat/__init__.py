"""Conversations: answers quoted from documents or rephrased under proof, and bare models.

Question: what do these passages say, or what does this model say?
Verbs: run, stream.
May import: evaluate, registry, engines, store, core.
Not here: finding passages, which is `plait.tasks.search`'s; who may ask what, which is a flow's.
"""
