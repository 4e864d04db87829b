"""The room that judges.

Question: what number does it get, and is the difference real?
Verbs: score / compare / decide.
May import: core, store, engines, registry. Third parties: numpy, scipy.
Not here: fitting (train), loading a model (engines), reading data (train), schedules (monitor).
"""
