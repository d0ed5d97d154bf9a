import pytest

from threadlab.running.arguments import function, name_of, number, some, thread_counts, whole_number


@pytest.mark.parametrize("wrong", [True, 2.0, 0.5, "4", None, (1,)])
def test_what_is_no_whole_number_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="workers must be a whole number such as 1, not"):
        whole_number("workers", wrong)


def test_a_whole_number_of_another_library_is_one():
    numpy = pytest.importorskip("numpy")
    assert type(whole_number("workers", numpy.int64(4))) is int


@pytest.mark.parametrize("wrong", [0, -1])
def test_too_small_a_number_names_the_least(wrong):
    with pytest.raises(ValueError, match=f"workers must be at least 1, not {wrong}"):
        whole_number("workers", wrong)


def test_too_large_a_number_says_why():
    with pytest.raises(ValueError, match="at most 8, not 9, because there are eight"):
        whole_number("orders", 9, most=8, why="there are eight")


@pytest.mark.parametrize("wrong", [True, "1", None])
def test_what_is_no_number_is_a_type_error(wrong):
    with pytest.raises(TypeError, match=r"wait must be a number of seconds such as 0.5, not"):
        number("wait", wrong)


@pytest.mark.parametrize("wrong", [-0.1, float("inf"), float("nan")])
def test_a_number_that_cannot_be_waited_is_a_value_error(wrong):
    with pytest.raises(ValueError, match="wait must be at least 0 seconds and finite, not"):
        number("wait", wrong)


def test_a_call_in_place_of_a_function_is_told_apart():
    with pytest.raises(TypeError, match=r"work must be a function .its name without brackets., not 3"):
        function("work", 3)


@pytest.mark.parametrize("wrong", [4, "1248", b"12", None, 2.5])
def test_workers_that_are_no_collection_are_a_type_error(wrong):
    with pytest.raises(TypeError, match=r"workers must be (a collection|whole numbers) such as"):
        thread_counts("workers", wrong)


@pytest.mark.parametrize("wrong", [(), (0,), (1, -2), (10_000,)])
def test_workers_that_cannot_be_had_are_a_value_error(wrong):
    with pytest.raises(ValueError, match="workers must"):
        thread_counts("workers", wrong)


def test_workers_come_in_order_and_once():
    assert thread_counts("workers", [8, 1, 8, 2]) == (1, 2, 8)


@pytest.mark.parametrize("wrong", [5, None, "abc"])
def test_what_is_no_collection_of_items_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="items must be a collection such as a list or a range, not"):
        some("items", wrong)


def test_no_items_are_a_value_error():
    with pytest.raises(ValueError, match="items must hold at least one, not none"):
        some("items", [])


def test_a_thing_without_a_name_is_called_after_its_class():
    class Work:
        def __call__(self):
            pass

    assert (name_of(len), name_of(Work())) == ("len", "Work")
