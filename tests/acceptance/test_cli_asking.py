"""`simpul agencies sources` and `simpul agencies reconcile`, where nobody can be asked.

What they do where somebody can is shown by the scenarios.
"""

from tests.acceptance.command import FAILED, Run, party


def test_agencies_that_speak_by_themselves_are_not_asked(lived: Run) -> None:
    asked = {row["party"] for row in lived("agencies", "sources", "--json").document}
    assert asked == {"perumda_tirta", "sp4n_lapor"}
    assert party(lived, "dinkes")["asking"] == ""


def test_an_agency_that_is_not_loaded_is_an_error(lived: Run) -> None:
    found = lived("agencies", "reconcile", "dinkess")
    assert found.code == FAILED
    assert "no agency 'dinkess' is loaded; loaded: " in found.err
