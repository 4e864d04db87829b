"""HTTP: who speaks it?

Question: who speaks HTTP?
Verbs: one file per API; parse, call the app, render. No state.
May import: app and everything below it.
Not here: decisions, settings, objects that outlive a request.
"""
