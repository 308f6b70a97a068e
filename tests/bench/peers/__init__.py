"""The main job as users of other libraries would write it, and how it is run.

Every peer takes a complaint out of a quorum queue, checks it with pydantic, leaves out
what it has seen, stores the rows that the hub stores, publishes what comes next with a
confirm, and acknowledges. What the hub does beyond that is not asked of them:
encryption, a journal, one key per person, lanes per party.
"""
