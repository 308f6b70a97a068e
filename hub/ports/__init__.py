"""What the stages need from the outside world."""

from hub.ports.beside import (
    CaseReader,
    Clock,
    Due,
    PublicCase,
)
from hub.ports.coming_in import (
    Journal,
    JournalRow,
    KnownCase,
    NewAnswer,
    NewCase,
    NormaliseError,
    Normaliser,
    Result,
    Settled,
    StoreUnavailableError,
    Work,
)
from hub.ports.going_out import (
    Ask,
    CaseFile,
    Cursors,
    Ended,
    Grant,
    Lease,
    LostCall,
    Sending,
)

__all__ = [
    "Ask",
    "CaseFile",
    "CaseReader",
    "Clock",
    "Cursors",
    "Due",
    "Ended",
    "Grant",
    "Journal",
    "JournalRow",
    "KnownCase",
    "Lease",
    "LostCall",
    "NewAnswer",
    "NewCase",
    "NormaliseError",
    "Normaliser",
    "PublicCase",
    "Result",
    "Sending",
    "Settled",
    "StoreUnavailableError",
    "Work",
]
