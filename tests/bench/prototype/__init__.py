"""The hub's main job stripped to its database work: how fast these tables can be.

Written for speed alone: one shape of message, numbers for names, no spool, no retries,
no quarantine, no seals, no metrics. What the hub reaches is told as a part of it.
"""
