"""What held before the library of expressions was imported, which changes it."""

import sys

RECURSION_LIMIT = sys.getrecursionlimit()
"""The library raises it tenfold for the whole process; mail parsing, for one, relies
on the limit to end at."""
