"""The hot path: what a batch reads and writes, in a few round trips.

A transaction collects its rows (`batch`), and one of two writers stores them: on
PostgreSQL one statement per table with hand-packed binary arrays, all of them in one
pipeline (`pipeline`); elsewhere `executemany` through SQLAlchemy Core.
"""
