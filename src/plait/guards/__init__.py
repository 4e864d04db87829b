"""The guards: allow, alter or refuse?

Question: may this text or row pass, as it is or altered?
Verbs: check.
May import: evaluate, registry, engines, store, core.
Not here: what happens after a verdict, which is `flow`'s.
"""

TABLE = {
    "grounding": "plait.guards.grounding:make",
    "injection": "plait.guards.injection:make",
    "pii": "plait.guards.pii:make",
}
