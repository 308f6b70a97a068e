"""What a test counted, for the table of acceptance scenarios."""

from collections.abc import Callable

Figure = Callable[[str], None]
