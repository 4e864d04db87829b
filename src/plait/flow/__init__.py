"""The live loop: what happens next to this live request?

Question: what happens next to this live request?
Verbs: handle, stream; one step per file: admit, guard, cache, route, retrieve, extract, answer,
    predict, record.
May import: tasks, guards, evaluate, registry, engines, store, core.
Not here: HTTP, fitting, anything that reads many past requests.
"""

TABLE = {
    "answer": "plait.flow.answer:AnswerStep",
    "cache": "plait.flow.cache:CacheStep",
    "extract": "plait.flow.extract:ExtractStep",
    "guard": "plait.flow.guard:GuardStep",
    "retrieve": "plait.flow.retrieve:RetrieveStep",
    "route": "plait.flow.route:RouteStep",
}
