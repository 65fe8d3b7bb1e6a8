"""Best for and avoid when: only what intervals prove."""

from small_results import candidate, figure, verdict

from specc.guide.profile import profiles


def test_best_and_worst_are_by_whole_intervals() -> None:
    quick = candidate("quick", latency=figure(1, "s", high=2), energy=figure(5, "J"))
    slow = candidate("slow", latency=figure(3, "s", high=4), energy=figure(1, "J"))
    first, second = profiles([quick, slow], [])
    assert [point.dimension for point in first.best_for] == ["latency"]
    assert [point.dimension for point in first.worst_for] == ["energy"]
    assert [point.dimension for point in second.best_for] == ["energy"]


def test_overlapping_intervals_prove_nothing() -> None:
    pair = [candidate("a", latency=figure(1, "s", high=3)), candidate("b", latency=figure(2, "s", high=4))]
    assert all(not profile.best_for and not profile.worst_for for profile in profiles(pair, []))


def test_being_the_only_one_known_is_no_merit() -> None:
    known, dark = profiles([candidate("a", energy=figure(1, "J")), candidate("b")], [])
    assert not known.best_for
    assert "energy" in dark.unknown


def test_failed_contracts_belong_to_their_target() -> None:
    lost = verdict("a", "fail")
    first, second = profiles([candidate("a"), candidate("b")], [lost, verdict("b", "pass")])
    assert first.failed == (lost,)
    assert second.failed == ()
