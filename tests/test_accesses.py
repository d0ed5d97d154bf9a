from threading import Barrier, Lock, Thread

import pytest

from threadlab import watch


class Shop:
    def __init__(self):
        self.mugs = 2
        self.name = "corner shop"


stock = {"mug": 1}
shop = Shop()


def sell(meet):
    if stock["mug"] > 0:
        meet.wait(10)
        stock["mug"] -= 1


def marks(run):
    return {lane.name: [mark.text for mark in lane.marks] for lane in run.timeline.lanes}


def values(run):
    return [(change.entry, change.value) for change in run.timeline.changes]


@pytest.fixture(autouse=True)
def _fresh():
    stock["mug"], shop.mugs = 1, 2


def test_two_clerks_look_both_and_take_both_and_the_stock_falls_below_zero():
    with watch(shared=stock) as run:
        meet = Barrier(2)
        ann, bob = (
            Thread(target=sell, args=(meet,), name="Ann"),
            Thread(target=sell, args=(meet,), name="Bob"),
        )
        for clerk in (ann, bob):
            clerk.start()
    assert marks(run) == {"Ann": ["looks: 1", "takes"], "Bob": ["looks: 1", "takes"]}
    assert values(run) == [('stock["mug"]', 1), ('stock["mug"]', 0), ('stock["mug"]', -1)]


def test_the_fields_of_an_object_are_followed_and_other_fields_are_not():
    def restock():
        print(shop.name)
        shop.mugs += 3

    with watch(shared=shop) as run:
        Thread(target=restock, name="Ann").start()
    assert marks(run) == {"Ann": ["adds"]}
    assert values(run) == [("shop.mugs", 2), ("shop.mugs", 5)]


def test_the_object_is_known_as_an_argument_and_inside_another_object_too():
    class Clerk:
        def __init__(self, stock):
            self.stock = stock

        def work(self, goods):
            goods["mug"] += 1
            self.stock["mug"] += 1

    clerk = Clerk(stock)
    with watch(shared=stock) as run:
        Thread(target=clerk.work, args=(stock,), name="Ann").start()
    assert marks(run) == {"Ann": ["adds", "adds"]}


def test_a_closure_that_rebinds_a_name_keeps_its_value_while_it_is_traced():
    def count():
        nonlocal seen
        for _ in range(100):
            seen += stock["mug"]

    seen = 0
    with watch(shared=stock):
        for _ in range(2):
            with_lock = Thread(target=count)
            with_lock.start()
            with_lock.join()
    assert seen == 200


def test_a_change_made_by_somebody_else_while_a_line_runs_is_not_this_lines():
    def look(first, second):
        _ = stock["mug"], first.release(), second.acquire(timeout=10)

    with watch(shared=stock) as run:
        first, second = Lock(), Lock()
        first.acquire()
        second.acquire()
        Thread(target=look, args=(first, second), name="Ann").start()
        first.acquire()
        stock["mug"] = 7
        second.release()
    assert marks(run) == {"Ann": ["looks: 1"]}


def test_without_shared_nothing_is_traced():
    import sys

    seen = []
    with watch():
        Thread(target=lambda: seen.append(sys.gettrace())).start()
    assert seen == [None]


def test_a_shared_object_without_entries_is_refused_by_name():
    with pytest.raises(TypeError, match="shared must be a dict or an object with fields, not 3"):
        watch(shared=3)
