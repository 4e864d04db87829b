"""The kernel: what must every room be able to say?

Question: what must every room be able to say?
Verbs: none; nouns only: request, response, exchange, context, trace, budget, errors, protocols.
May import: nothing but the standard library.
Not here: files, SQL, models, HTTP, any third party.
"""
