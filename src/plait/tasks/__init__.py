"""The tasks: how is one kind of request answered?

Question: how is one kind of request answered?
Verbs: run, stream.
May import: evaluate, registry, engines, store, core; never another task.
Not here: HTTP, fitting, policy, what comes before or after the answer.
"""

TABLE = {
    "chat": "plait.tasks.chat.chat:ChatTask",
    "series": "plait.tasks.series.task:SeriesTask",
    "tabular": "plait.tasks.tabular.task:TabularTask",
    "text": "plait.tasks.tabular.task:TabularTask",
}
