"""What is remembered between tables stays within its bytes, and is not thrown out just before it is needed."""

from specc.precision.memory import Memory


def test_a_turn_that_does_not_fit_keeps_what_does() -> None:
    memory = Memory(10)
    for _ in range(3):
        memory.begin_turn()
        hits = [memory.get(key) for key in range(20)]
        for key in range(20):
            memory.put(key, str(key), 1)
    assert [hit for hit in hits if hit is not None] == [str(key) for key in range(10)]


def test_what_two_turns_did_not_use_makes_room() -> None:
    memory = Memory(3)
    memory.begin_turn()
    memory.put("old", 1, 3)
    memory.begin_turn()
    memory.put("new", 2, 3)
    assert memory.get("new") is None
    memory.begin_turn()
    memory.begin_turn()
    memory.put("new", 2, 3)
    assert memory.get("new") == 2 and memory.get("old") is None


def test_nothing_larger_than_all_is_kept() -> None:
    memory = Memory(3)
    for _ in range(4):
        memory.begin_turn()
    memory.put("large", 1, 4)
    assert memory.get("large") is None
