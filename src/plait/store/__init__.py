"""The store: what outlives the process?

Question: what outlives the process?
Verbs: put / get / find, and one small family each for files (`blob_`), releases, requests, jobs and
    the audit chain.
May import: core. Third parties that live only here: apsw, psycopg, duckdb.
Not here: what a row means (registry), when a job runs (app), who may read (serve).
"""

TABLE: dict[str, str] = {"sqlite": "plait.store.sqlite:SqliteStore"}
