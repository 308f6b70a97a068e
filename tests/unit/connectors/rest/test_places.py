"""Where something stands in an answer: places, and links to the next page."""

import pytest

from connectors.systems.rest.places import read_place
from tests.unit.connectors.rest.asked import asking, query_of
from tests.unit.connectors.rest.servers import says
from tests.unit.connectors.rest.test_polling import polling, rounds


@pytest.mark.parametrize("written", ["$", "$.items", "$string(id)"])
def test_a_dollar_outside_of_a_formula_is_no_name_of_a_field(written: str) -> None:
    with pytest.raises(ValueError, match="jsonata:"):
        read_place(written)


@pytest.mark.parametrize(
    "link",
    [
        '</changes?q=at>=3&p=2>;rel="next"',
        '</changes?p=0>; rel="prev", </changes?q=at>=3&p=2>; title="on"; rel=next',
        '</changes?q=at%3E%3D3&p=2>; rel="next", </changes?p=9>; rel="last"',
    ],
)
def test_a_link_leads_on_whether_its_filter_is_escaped_or_not(link: str) -> None:
    first, last = says(200, b'{"data": []}', Link=link), says(200, b'{"data": [1]}')
    with asking(polling(paging={"kind": "link"}), first, last) as (rest, server):
        rounds(rest, 2)

    assert query_of(server.seen[1]) == {"q": "at>=3", "p": "2"}
