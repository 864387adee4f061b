"""Promises of precision: bounds, thresholds, groups, what a contract accepts, and what verdicts change."""

import json
from pathlib import Path

import numpy as np
import pytest

from catalog.errors import CheckpointInvalid
from catalog.model.contract import FILE, Claim, Contract, HeldOut, Promise, Targets, Unpromised, fit, promise
from catalog.model.contract.binomial import DOUBT, is_at_least, is_below, lower_bound, needed
from catalog.product import CategoryScore

# By target: the products that it takes with none, one and two errors.
NEEDED = {0.95: (59, 93, 124), 0.98: (149, 236, 313), 0.99: (299, 473, 628)}


def category(*ids: str, score: float = 0.99) -> CategoryScore:
    """Its ancestors are a little more certain."""
    scores = tuple(round(1 - (1 - score) * (level + 1) / len(ids), 6) for level in range(len(ids)))
    return CategoryScore(ids[-1], tuple(name.title() for name in ids), scores, ids)


def held_out(
    count: int, *ids: str, wrong: int = 0, truth: tuple[str, ...] = ("food",), leaf: bool = True
) -> list[HeldOut]:
    """Products of one category, the last ones of which are something else; scores fall from 0.99 to 0.9."""
    scores = np.linspace(0.99, 0.9, count).tolist()
    return [
        HeldOut(category(*ids, score=score), leaf, truth if n >= count - wrong else ids)
        for n, score in enumerate(scores)
    ]


@pytest.mark.parametrize("target", NEEDED)
def test_how_many_products_a_target_takes(target: float) -> None:
    for errors, count in enumerate(NEEDED[target]):
        assert needed(errors, target) == count
        assert is_at_least(target, count, errors)
        assert not is_at_least(target, count - 1, errors)
        assert lower_bound(count - 1, errors) < target <= lower_bound(count, errors) < target + 0.001


def test_the_bound_is_clopper_and_pearsons() -> None:
    beta = pytest.importorskip("scipy.stats").beta
    for count, errors in ((1, 0), (10, 3), (150, 1), (987, 40), (5000, 17), (20_000, 4000)):
        assert lower_bound(count, errors) == pytest.approx(beta.ppf(DOUBT, count - errors, errors + 1), abs=1e-6)
    assert lower_bound(10, 10) == lower_bound(0, 0) == 0


def test_few_verdicts_prove_nothing() -> None:
    assert not is_below(0.98, 1, 1)
    assert not is_below(0.98, 2, 1)
    assert is_below(0.98, 2, 2)
    assert not is_below(0.9, 100, 15)
    assert is_below(0.9, 100, 30)
    random = np.random.default_rng(5)
    wrong = random.random((1000, 100)) < 0.05
    alarms = sum(any(is_below(0.95, n + 1, int(errors[n])) for n in range(100)) for errors in wrong.cumsum(1))
    assert alarms / 1000 <= DOUBT


def test_too_few_products_are_no_proof() -> None:
    found = promise(np.linspace(1, 0.9, 61, dtype=np.float32), np.ones(61, bool), 0.98)
    assert found == Unpromised(0.98, products=61, errors=0, needed=149)
    assert str(found) == "cannot be promised: 61 of the 149 products needed"
    assert promise(np.empty(0, np.float32), np.empty(0, bool), 0.98) == Unpromised(0.98, 0, 0, 149)


def test_too_many_errors_are_told_with_the_products_that_they_take() -> None:
    right_N = np.arange(200) % 50 != 0
    found = promise(np.linspace(1, 0.9, 200, dtype=np.float32), right_N, 0.98)
    assert found == Unpromised(0.98, products=149, errors=3, needed=386)
    assert str(found) == "cannot be promised: 3 of 149 wrong, where 386 products are needed"


def test_the_threshold_falls_as_long_as_the_bound_holds() -> None:
    score_N = np.linspace(1, 0, 1001, dtype=np.float32)
    found = promise(score_N, score_N > 0.4, 0.95, group=2002)
    assert isinstance(found, Promise)
    assert 0.37 < found.threshold < 0.41
    assert found.errors == found.products - 600
    assert found.bound == lower_bound(found.products, found.errors)
    assert found.bound >= 0.95
    assert found.coverage == found.products / 2002
    everything = promise(score_N, score_N >= 0, 0.95)
    assert isinstance(everything, Promise)
    assert (everything.threshold, everything.coverage) == (0, 1)


def test_products_of_equal_score_are_accepted_together() -> None:
    score_N = np.repeat(np.array([0.9, 0.8], np.float32), (40, 60))
    found = promise(score_N, np.arange(100) < 100, 0.95)
    assert isinstance(found, Promise)
    assert found.products == 100
    assert found.threshold == pytest.approx(0.8)
    assert isinstance(promise(score_N, np.arange(100) < 80, 0.95), Unpromised)


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_no_more_than_five_percent_of_promises_are_broken(rate: float) -> None:
    """A score's products are wrong at the rate of 0.051 + rate * (1 - score), so that nothing keeps 0.95, or (from a
    rate on) only the surest do.
    """
    random = np.random.default_rng(3)
    floor = 0.051 if rate == 0 else 0.01
    broken = 0
    for _ in range(1000):
        score_N = random.random(400).astype(np.float32)
        found = promise(score_N, random.random(400) >= floor + rate * (1 - score_N), 0.95)
        # The mean rate above a threshold is that of the middle between it and 1.
        broken += isinstance(found, Promise) and floor + rate * (1 - found.threshold) / 2 > 0.05
    assert broken / 1000 <= DOUBT + 0.02, "three standard deviations of chance"


def test_a_branch_with_enough_products_stands_alone() -> None:
    products = [*held_out(130, "wear", "shoe", "boot"), *held_out(130, "wear", "shirt", "tee", wrong=90)]
    contract = fit({"both": products}, Targets(0.95))
    leaves = {claim.nodes: claim.outcome for claim in contract.claims if claim.about == "leaves"}
    assert set(leaves) == {("shoe",), ("shirt",)}
    boot, tee = (category("wear", *ids) for ids in (("shoe", "boot"), ("shirt", "tee")))
    kept = contract.keep(boot, True, "both")
    assert kept
    assert kept.category == boot
    assert contract.keep(category("wear", "shoe", "boot", score=0.5), True, "both") is None
    assert isinstance(leaves["shoe",], Promise)
    assert contract.keep(tee, True, "image") is None, "nothing was measured by image"


def test_small_branches_are_promised_together() -> None:
    wear = [*held_out(60, "wear", "hat", "cap"), *held_out(70, "wear", "belt", "sash")]
    food = [*held_out(35, "food", "fruit", "fig"), *held_out(9, "food", "nut", "pecan")]
    toys = held_out(25, "toys", "ball", "football")
    contract = fit({"text": [*wear, *food, *toys]}, Targets(0.95))
    found = {claim.nodes: claim.outcome for claim in contract.claims}
    assert set(found) == {("belt", "hat"), ("ball", "fruit"), ("nut",)}
    assert found["nut",] == Unpromised(0.95, 9, 0, 59), "too few to be promised with others"
    assert contract.keep(category("toys", "ball", "football"), True, "text")
    assert contract.keep(category("food", "nut", "pecan"), True, "text") is None
    assert contract.keep(category("tools", "saw", "hacksaw"), True, "text") is None, "never seen"


def test_where_a_leaf_cannot_be_promised_its_parent_may_be() -> None:
    lost = ("wear", "shirt", "tops", "blouse")
    products = held_out(100, "wear", "shirt", "tops", "tee", wrong=50, truth=lost)
    contract = fit({"both": products}, Targets(0.95))
    tee = category("wear", "shirt", "tops", "tee")
    kept = contract.keep(tee, True, "both")
    assert kept
    assert (kept.claim.about, kept.claim.nodes) == ("nodes", ("tops",))
    assert kept.category == CategoryScore("tops", tee.path[:3], tee.path_scores[:3], ("wear", "shirt", "tops"))
    assert contract.keep(kept.category, False, "both") == kept
    assert contract.keep(category("wear"), False, "both") is None, "of a deep tree, a root says nothing"


def test_the_parent_of_a_leaf_below_a_root_is_the_root() -> None:
    products = held_out(100, "wear", "tee", wrong=50, truth=("wear", "blouse"))
    kept = fit({"both": products}, Targets(0.95)).keep(category("wear", "tee"), True, "both")
    assert kept
    assert kept.category.path_ids == ("wear",)


def test_a_category_that_is_no_leaf_is_promised_for_itself() -> None:
    sure = held_out(60, "wear", "shoe", "boot")
    products = [*sure, *held_out(60, "wear", "shoe", leaf=False)]
    contract = fit({"both": products}, Targets(0.95))
    kept = contract.keep(category("wear", "shoe"), False, "both")
    assert kept
    assert kept.category == category("wear", "shoe")


def test_targets_of_a_branch_come_before_those_of_modalities() -> None:
    targets = Targets(0.9, {"image": 0.95}, {"wear": 0.98, "shoe": 0.99})
    assert targets.of("both", ("food", "fruit")) == 0.9
    assert targets.of("image", ("food", "fruit")) == 0.95
    assert targets.of("image", ("wear", "shirt")) == 0.98
    assert targets.of("both", ("wear", "shoe")) == 0.99
    products = [*held_out(60, "wear", "shoe", "boot"), *held_out(60, "food", "fruit", "fig")]
    contract = fit({"both": products}, targets)
    assert contract.keep(category("food", "fruit", "fig"), True, "both")
    assert contract.keep(category("wear", "shoe", "boot"), True, "both") is None


def test_what_may_not_be_accepted_counts_in_coverage_alone() -> None:
    unfamiliar = [one._replace(familiar=False) for one in held_out(60, "wear", "shoe", "boot", wrong=60)]
    abstained = [HeldOut(None, False, ("food",))] * 50
    products = [*held_out(60, "wear", "shoe", "boot"), *unfamiliar, *abstained]
    (claim, *_) = fit({"both": products}, Targets(0.95)).claims
    assert isinstance(claim.outcome, Promise)
    assert (claim.outcome.products, claim.outcome.errors, claim.outcome.coverage) == (60, 0, 0.5)


def test_a_label_above_the_leaf_counts_as_far_as_it_tells() -> None:
    products = [one._replace(truth=("wear", "shoe")) for one in held_out(60, "wear", "shoe", "boot")]
    assert isinstance(fit({"both": products}, Targets(0.95)).claims[0].outcome, Promise)


def test_a_contract_is_kept_in_its_folder(tmp_path: Path) -> None:
    products = [*held_out(70, "wear", "shoe", "boot"), *held_out(30, "food", "fruit", "fig", wrong=3)]
    contract = fit({"both": products, "text": products[:80]}, Targets(0.95))
    contract.save(tmp_path)
    assert Contract.load(tmp_path) == contract
    assert Contract.load(tmp_path / "none") is None


@pytest.mark.parametrize("change", [{"modalities": "smell"}, {"about": "x"}, {"nodes": "wear"}, {"promise": {"a": 1}}])
def test_a_contract_that_is_not_valid(tmp_path: Path, change: dict[str, object]) -> None:
    fit({"both": held_out(70, "wear", "shoe", "boot")}, Targets(0.95)).save(tmp_path)
    written = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    written["claims"][0] |= change
    (tmp_path / FILE).write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(CheckpointInvalid, match=r"contract\.json is not valid"):
        Contract.load(tmp_path)


def test_verdicts_move_the_bound_and_end_a_promise() -> None:
    contract = fit({"both": held_out(70, "wear", "shoe", "boot")}, Targets(0.95))
    boot = category("wear", "shoe", "boot")
    kept = contract.keep(boot, True, "both")
    assert kept
    better = contract.with_verdicts([(kept.claim, True)] * 30)
    assert isinstance(better.claims[0].outcome, Promise)
    assert better.claims[0].outcome.bound == lower_bound(100, 0)
    worse = contract.with_verdicts([*[(kept.claim, True)] * 30, *[(kept.claim, False)] * 4])
    assert worse.claims[0].outcome == Unpromised(0.95, 104, 4, 181)
    assert worse.keep(boot, True, "both") is None
    assert contract.with_verdicts([]) == contract


def test_many_products_held_out_do_not_outweigh_bad_verdicts() -> None:
    claim = Claim("both", "leaves", ("shoe",), Promise(0.95, 0.9, 5000, 50, lower_bound(5000, 50), 0.9))
    contract = Contract((claim,)).with_verdicts([*[(claim, False)] * 15, *[(claim, True)] * 35])
    assert contract.claims[0].outcome == Unpromised(0.95, 50, 15, needed(15, 0.95))
