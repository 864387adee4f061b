"""Bulk ingest jobs: a feed is taken in at once and worked off in the background, whatever happens meanwhile.

Jobs (jobs.py) -> JobFiles (uploads), JobTable (SQLite) -> Runner (a thread) -> catalog.ingest -> Models, StoreApi
"""
