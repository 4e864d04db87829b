"""The live loop: what happens next to this live request?

Question: what happens next to this live request?
Verbs: handle; one step per file: admit, answer, record.
May import: tasks, guards, evaluate, registry, engines, store, core.
Not here: HTTP, fitting, anything that reads many past requests.
"""
