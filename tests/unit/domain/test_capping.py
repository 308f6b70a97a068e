import pytest

from hub.domain.capping import Caps, is_flood, why_unanswered

CAPS = Caps(answers_per_conversation=2, answers_per_day=5, complaints_per_day=3)


@pytest.mark.parametrize(
    ("in_day", "in_conversation", "limit"),
    [
        (0, 0, ""),
        (4, 1, ""),
        (4, 2, "answers_per_conversation"),
        (5, 0, "answers_per_day"),
        (9, 9, "answers_per_conversation"),
    ],
)
def test_an_answer_over_a_limit_names_it(
    in_day: int, in_conversation: int, limit: str
) -> None:
    assert why_unanswered(CAPS, in_day, in_conversation) == limit


def test_the_complaint_over_the_limit_is_the_first_of_a_flood() -> None:
    assert [is_flood(CAPS, n) for n in range(5)] == [False, False, False, True, True]
