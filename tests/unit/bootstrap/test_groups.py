"""What waits in a queue is taken together."""

import queue

from hub.bootstrap.groups import take_waiting


def test_what_waits_is_taken_together_and_in_order_up_to_the_most() -> None:
    waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    for n in (1, 2, 3, 4):
        waiting.put(n)

    assert take_waiting(waiting, 3) == ([1, 2, 3], False)
    assert take_waiting(waiting, 3) == ([4], False)


def test_none_ends_it_after_what_came_before() -> None:
    waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    for n in (1, None):
        waiting.put(n)

    assert take_waiting(waiting, 3) == ([1], True)

    waiting.put(None)
    assert take_waiting(waiting, 3) == ([], True)
