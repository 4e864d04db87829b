"""Documents: from bytes to passages with exact offsets.

Question: which stored passages answer this question?
Verbs: run.
May import: evaluate, registry, engines, store, core.
Not here: index files and SQL, which are `plait.store`'s; rephrasing what was found.
"""
