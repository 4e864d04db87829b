"""For authors of plug-ins: how do they prove that their part works?

Question: how does a plug-in author prove it works?
Verbs: check_candidate, check_engine, check_guard, check_store; fakes.
May import: app and everything below it.
Not here: plait's own tests.
"""
