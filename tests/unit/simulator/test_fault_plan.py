import pytest

from hub.simulator.faults import Fault, FaultPlan

MIX = {Fault.ERROR_500: 0.3, Fault.HANG: 0.2, Fault.DUPLICATE_UPDATES: 0.5}


def mixed(seed: int) -> FaultPlan:
    plan = FaultPlan()
    plan.mix(MIX, seed)
    return plan


def requests_of(plan: FaultPlan, times: int = 200) -> list[Fault]:
    return [plan.for_request("POST") for _ in range(times)]


def test_the_same_seed_gives_the_same_faults() -> None:
    assert requests_of(mixed(1)) == requests_of(mixed(1))
    assert requests_of(mixed(1)) != requests_of(mixed(2))


def test_updates_between_requests_do_not_change_what_requests_get() -> None:
    disturbed = mixed(1)

    faults = []
    for _ in range(200):
        disturbed.for_update()
        faults.append(disturbed.for_request("POST"))

    assert faults == requests_of(mixed(1))


def test_a_mix_keeps_its_shares_and_each_kind_to_itself() -> None:
    plan = mixed(3)

    faults = requests_of(plan, 1000)
    updates = [plan.for_update() for _ in range(1000)]

    assert 250 < faults.count(Fault.ERROR_500) < 350
    assert 150 < faults.count(Fault.HANG) < 250
    assert set(faults) == {Fault.ERROR_500, Fault.HANG, Fault.NONE}
    assert set(updates) == {Fault.DUPLICATE_UPDATES, Fault.NONE}
    assert plan.played[Fault.ERROR_500] == faults.count(Fault.ERROR_500)


def test_the_next_few_come_before_what_is_steady() -> None:
    plan = FaultPlan()
    plan.set(Fault.SLOW)
    plan.for_next(2, Fault.ERROR_500)

    assert requests_of(plan, 3) == [Fault.ERROR_500, Fault.ERROR_500, Fault.SLOW]


def test_the_next_of_one_method_wait_for_that_method() -> None:
    plan = FaultPlan()
    plan.for_next(1, Fault.RESET_AFTER_COMMIT, method="POST")

    assert plan.for_request("GET") is Fault.NONE
    assert plan.for_request("POST") is Fault.RESET_AFTER_COMMIT
    assert plan.for_request("POST") is Fault.NONE


def test_clearing_mends_everything() -> None:
    plan = mixed(1)
    plan.set(Fault.HANG)
    plan.set(Fault.CLOCK_WRONG)
    plan.for_next(5, Fault.ERROR_500)

    plan.clear()

    assert set(requests_of(plan)) == {Fault.NONE}
    assert plan.for_update() is Fault.NONE


def test_down_cannot_be_had_for_one_request() -> None:
    plan = FaultPlan()

    with pytest.raises(ValueError, match="whole system"):
        plan.for_next(1, Fault.DOWN)
    with pytest.raises(ValueError, match="whole system"):
        plan.mix({Fault.DOWN: 0.1}, seed=1)


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 1"):
        FaultPlan().mix({Fault.SLOW: 0.6, Fault.HANG: 0.6}, seed=1)
