from types import SimpleNamespace

import pytest

from threadlab.running.standins import inside, replaced, stand_in, world


def greet():
    return "real"


class Polite:
    def greeting(self, real):
        return f"polite {real()}"


@pytest.fixture
def module():
    return SimpleNamespace(greet=greet)


def places(module):
    return [(module, "greet", stand_in("greeting"))]


def test_only_a_thread_of_the_world_meets_the_stand_in(module):
    with replaced(places(module), {}):
        assert module.greet() == "real"
        with inside(Polite()):
            assert module.greet() == "polite real"
        assert world() is None
    assert module.greet is greet


def test_a_world_without_such_a_method_gets_the_real_thing(module):
    with replaced(places(module), {}), inside(object()):
        assert module.greet() == "real"


def test_a_name_imported_earlier_under_another_name_is_replaced_and_put_back(module):
    namespace = {"hello": greet}
    with replaced(places(module), namespace), inside(Polite()):
        assert namespace["hello"]() == "polite real"
    assert namespace == {"hello": greet}


def test_the_last_of_two_overlapping_blocks_puts_the_real_thing_back(module):
    first, second = replaced(places(module), {"a": greet}), replaced(places(module), {"b": greet})
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert module.greet is not greet
    second.__exit__(None, None, None)
    assert module.greet is greet


def test_a_name_that_got_a_new_meaning_meanwhile_keeps_it(module):
    namespace = {"hello": greet}
    with replaced(places(module), namespace):
        namespace["hello"] = "mine"
    assert namespace == {"hello": "mine"}
