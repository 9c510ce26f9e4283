import pytest

from tests.scenarios import suite
from tests.scenarios.suite import Score


def test_the_parking_rule_scores_well_on_a_few_random_streets() -> None:
    total = sum((suite.run(seed) for seed in (1, 2, 3)), start=Score())

    assert total.f1 >= 0.9
    assert total.false == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seeds", [suite.TUNED, suite.HELD_OUT])
def test_parking_f1_is_at_least_0_95_on_all_random_streets(seeds: range) -> None:
    total = sum((suite.run(seed) for seed in seeds), start=Score())

    assert total.f1 >= 0.95


def test_dense_and_sparse_sampling_score_alike() -> None:
    assert suite.run(5, period_s=2.0).false == suite.run(5, period_s=1.0).false == 0
