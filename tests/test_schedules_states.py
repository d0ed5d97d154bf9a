"""Merging equal states must never change a count: programs that hide something where no one can look."""

import functools
import threading
import types
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from threadlab.schedules import explore
from threadlab.schedules.freezing import Freezer
from threadlab.schedules.learner import Learner
from threadlab.schedules.searching import AUDITS


class Shop:
    rate = 1

    def __init__(self):
        self.v = 1
        self.log = [1, 2]
        self.stock = {"a": 1, "b": 2}
        self.numbers, self.line = {1, 2, 3}, deque([1, 2])
        self.lock = threading.Lock()
        self.other = threading.RLock()
        self.count, self.read = counter()

    @property
    def price(self):
        found = self.v
        return found * 2

    def __iter__(self):
        before = self.v
        yield 1
        yield before


class Price:
    def __init__(self, shop):
        self.before = shop.v
        self.after = shop.v


class Hold:
    def __init__(self, shop):
        self.shop = shop

    def __enter__(self):
        self.shop.v += 1
        self.shop.v += 1
        return self.shop.v

    def __exit__(self, *error):
        self.shop.v -= 1
        self.shop.v *= 2


def counter():
    count = 0

    def add():
        nonlocal count
        now = count
        count = now + 1

    def read():
        return count

    return add, read


def get(shop):
    shop.v += 1
    return shop.v


def key(number):
    number += 1
    return -number


def values_before_a_call(shop):
    shop.v = shop.v * 2 + get(shop)


def a_call_before_values(shop):
    shop.v = get(shop) + shop.v


def two_calls(shop):
    shop.log.append((get(shop), get(shop)))


def an_argument_before_a_call(shop):
    shop.log.append(max(shop.v, get(shop)))


def a_loop_over_a_copy(shop):
    for number in list(shop.log):
        shop.v += number


def a_loop_over_what_grows(shop):
    for number in shop.log:
        shop.v += number


def one_grows(shop):
    shop.log.append(5)
    shop.v += 1


def one_replaces(shop):
    shop.log = [*shop.log, 7]
    shop.v *= 2


def a_loop_with_places(shop):
    for place, number in enumerate(shop.log):
        shop.v += place * number


def a_loop_over_a_dict(shop):
    for name in shop.stock:
        shop.v += shop.stock[name]


def a_loop_over_items(shop):
    for name, number in shop.stock.items():
        shop.stock[name] = number + shop.v


def a_loop_over_a_generator(shop):
    for number in (n + shop.v for n in range(2)):
        shop.v += number


def a_loop_over_equal_items(shop):
    for number in [7, 7]:
        shop.v = number


def a_loop_inside_a_loop(shop):
    for n in range(2):
        for m in range(n):
            shop.v += m + n


def return_inside_with(shop):
    shop.log.append(held(shop))


def held(shop):
    with shop.lock:
        return shop.v


def return_inside_finally(shop):
    shop.log.append(finally_(shop))


def finally_(shop):
    try:
        return shop.v
    finally:
        shop.v += 1


def two_locks_in_one_with(shop):
    with shop.lock, shop.other:
        shop.v += 1


def own_context_manager(shop):
    with Hold(shop) as now:
        shop.log.append(now)


@contextmanager
def doubled(shop):
    before = shop.v
    yield before
    shop.v += before


def generator_context_manager(shop):
    with doubled(shop) as before:
        shop.log.append(before)


def a_closure(shop):
    shop.count()
    shop.log.append(shop.read())


def sorted_with_a_key(shop):
    shop.log = sorted(shop.log, key=key)
    shop.v += shop.log[0]


def a_comprehension(shop):
    shop.log = [get(shop) + n for n in shop.log[:2]]
    shop.v += 1


def an_object_made(shop):
    price = Price(shop)
    shop.log.append(price.after - price.before)


def a_property(shop):
    shop.v = shop.v + shop.price


def an_exception_raised_again(shop):
    try:
        try:
            shop.log[shop.v]
        except IndexError:
            shop.v = 0
            raise
    except LookupError as error:
        shop.log.append(type(error).__name__)


def a_walrus(shop):
    while (now := get(shop)) < 4:
        shop.v += now


def a_class_attribute(shop):
    rate = Shop.rate
    Shop.rate = rate + 1


def an_alias(shop):
    mine = shop.log
    mine.append(3)
    shop.v += len(mine)


def a_chain(shop):
    if 0 < get(shop) < shop.v < 5:
        shop.v += 10


# fmt: off
def a_loop_on_one_line(shop):
    for number in shop.log[:]: shop.v += number  # noqa: E701
# fmt: on


def an_inlined_loop(shop):
    shop.v += all(get(shop) < 5 for _ in range(2))


PIECES = [
    a_loop_on_one_line, an_inlined_loop, values_before_a_call, a_call_before_values, two_calls,
    an_argument_before_a_call, a_loop_over_a_copy, a_loop_over_what_grows, one_grows, one_replaces,
    a_loop_with_places, a_loop_over_a_dict, a_loop_over_items, a_loop_over_a_generator,
    a_loop_inside_a_loop, a_loop_over_equal_items, return_inside_with, return_inside_finally,
    two_locks_in_one_with, own_context_manager, generator_context_manager, a_closure,
    sorted_with_a_key, a_comprehension, an_object_made, a_property, an_exception_raised_again,
    a_walrus, a_class_attribute, an_alias, a_chain,
]  # fmt: skip


def test_a_parked_frame_does_not_undo_what_others_did_to_a_closure():
    count = 0

    def state():
        nonlocal count
        count = 0

    def twice(_):
        nonlocal count
        count += 1
        count += 1

    assert explore([twice, twice], state=state, outcome=lambda _: count).outcomes == {4: 6}


def test_objects_made_while_a_state_is_read_are_not_taken_for_each_other():
    def keys(numbers):
        freeze = Freezer(Learner([], []))
        return freeze([defaultdict(int, {1: number}) for number in numbers])

    assert len({keys(numbers) for numbers in product(range(3), repeat=3)}) == 27


def test_equal_numbers_of_different_types_are_different_states():
    freeze = Freezer(Learner([], []))
    assert len({freeze(value) for value in (1, True, 1.0, "1", None, 0.0, -0.0)}) == 7


def test_a_text_is_never_taken_for_what_its_name_stands_for():
    def set_to(shop, value):
        shop["item"] = shop if value == "itself" else value

    for threads in ([(set_to, "#"), (set_to, "itself")], [(set_to, "Ellipsis"), (set_to, ...)]):
        found = explore(threads, state=dict, outcome=lambda shop: type(shop["item"]).__name__)
        assert sorted(found.outcomes.values()) == [1, 1]


class Priced:
    cents = 0

    @property
    def price(self):
        cents = self.cents
        return cents  # noqa: RET504


def raise_price(item):
    price = item.price
    item.cents = price + 1


def test_a_state_is_the_same_one_after_python_has_made_its_calls_faster():
    counts = [
        explore([raise_price] * 2, state=Priced, outcome=lambda item: item.cents).states for _ in range(10)
    ]
    assert len(set(counts)) == 1


def new_dataclass():
    @dataclass
    class Till:
        v: int = 0

    return Till()


@pytest.mark.parametrize(
    "state", [new_dataclass, lambda: type("Till", (), {"v": 0}), lambda: type("Till", (), {"v": 0})()]
)
def test_a_class_that_state_makes_anew_is_the_same_in_every_run(state):
    def add(till):
        v = till.v
        till.v = v + 1

    assert explore([add, add], state=state, outcome=lambda till: till.v).outcomes == {2: 2, 1: 4}


def test_what_is_in_a_plain_object_a_deque_a_set_or_a_dataclass_is_state():
    def fill(state):
        state["deque"].append(1)
        state["set"].add(1)
        state["till"].v += 1

    def fresh():
        return {"deque": deque(), "set": set(), "till": Till()}

    assert explore([fill, fill], state=fresh, outcome=lambda s: (len(s["deque"]), s["till"].v)).outcomes == {
        (2, 2): 20
    }


@dataclass(slots=True)
class Till:
    v: int = 0


def fresh():
    Shop.rate = 1
    return Shop()


def outcome(shop):
    return shop.v, tuple(map(str, shop.log)), tuple(shop.stock.values()), shop.read(), Shop.rate


def both(threads, **how):
    how = {"state": fresh, "outcome": outcome, "time_limit": 50.0, **how}  # states are to be the limit
    merged = explore(threads, **how)
    plain = explore(threads, merge_states=False, **how)
    if plain.complete:
        assert merged.outcomes == plain.outcomes
    else:
        assert all(merged.outcomes.get(found, 0) >= times for found, times in plain.outcomes.items())


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.__name__)
def test_merging_changes_no_count_of(piece):
    both([piece, piece], max_states=6000)
    both([piece, one_replaces], max_states=6000)


def what_is_held(shop):
    shop.log[0] = held(shop)


def a_loop_over_one(shop):
    shop.v += 1
    for _ in shop.log:
        shop.stock["a"] += 1
        _ = 0


def one_sets(shop):
    shop.v, shop.log = 5, [9]


@pytest.mark.parametrize("piece", [what_is_held, a_loop_over_one], ids=lambda piece: piece.__name__)
def test_what_a_line_returns_or_loops_over_is_found_when_its_step_runs(piece):
    both([piece, one_sets])


def a_loop_over_a_set(shop):
    for number in shop.numbers:
        shop.v += number


def a_loop_over_a_deque(shop):
    for number in shop.line:
        shop.v += number


def a_loop_over_itself(shop):
    for number in shop:
        shop.stock["a"] += number


def a_loop_over_places_of_a_dict(shop):
    for place, _ in enumerate(shop.stock):
        shop.v += place


def one_adds_everywhere(shop):
    shop.stock["z"] = shop.v = 7
    shop.numbers.add(7)
    shop.line.append(7)


@pytest.mark.parametrize(
    "piece",
    [
        a_loop_over_a_dict, a_loop_over_a_set, a_loop_over_a_deque, a_loop_over_itself,
        a_loop_over_places_of_a_dict,
    ],
    ids=lambda piece: piece.__name__,
)  # fmt: skip
def test_a_loop_over_what_another_thread_changes_counts_as_without_merging(piece):
    both([piece, one_adds_everywhere])


def an_iterator_kept(shop):
    names = iter(shop.stock)
    shop.v += 1
    shop.log.append(next(names))


@functools.cache
def price_of(number):
    return [number]


def a_price_kept(shop):
    if shop.v == 1:
        price_of(1)
    shop.v = 7


def test_an_iterator_or_a_cache_that_cannot_be_read_is_never_taken_for_another_one():
    def without_prices():
        price_of.cache_clear()
        return fresh()

    both([an_iterator_kept, one_adds_everywhere])
    both(
        [a_price_kept, one_adds_everywhere], state=without_prices, outcome=lambda shop: price_of.cache_info()
    )


def taken_and_put_back(shop):
    number = shop.numbers.pop()
    shop.numbers.add(number)


def left_out_and_put_back(shop):
    shop.numbers.discard(3)
    shop.numbers.add(3)


def all_taken(shop):
    while shop.numbers:
        shop.v = shop.v * 10 + shop.numbers.pop()


def test_equal_sets_from_which_pop_takes_in_another_order_are_different_states():
    both([taken_and_put_back, left_out_and_put_back, all_taken])


BANK = types.ModuleType("bank")
exec("total = 0\nclass Account:\n    total = 0\ndef pay():\n    global total\n    total = 5", vars(BANK))


def ticket():
    ticket.number += 1


def first():
    pass


def second():
    global todo
    todo = second


def new_rate():
    BANK.rate = 2


def new_total():
    BANK.Account.total += 1


def pay():
    BANK.pay()


todo = first


def a_change_elsewhere(shop, change):
    if shop.v == 1:
        change()
    shop.v = 7


@pytest.mark.parametrize("change", [ticket, second, new_rate, new_total, pay], ids=lambda each: each.__name__)
def test_attributes_of_functions_and_modules_and_functions_given_anew_are_state(change):
    def start():
        global todo
        todo = first
        ticket.number = BANK.total = BANK.rate = BANK.Account.total = 0
        return fresh()

    def told(shop):
        return todo.__name__, ticket.number, BANK.total, BANK.rate, BANK.Account.total

    both([(a_change_elsewhere, change), one_sets], state=start, outcome=told)


class Clerk(threading.Thread):
    served = 0

    def serve(self, shop):
        if shop.v == 1:
            self.served = 1
        shop.v = 7


def a_clerk_serves(shop):
    shop.clerk.serve(shop)


def test_what_a_thread_object_of_the_state_holds_is_state():
    def start():
        shop = fresh()
        shop.clerk = Clerk()
        return shop

    both([a_clerk_serves, one_sets], state=start, outcome=lambda shop: shop.clerk.served)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=2), min_size=2, max_size=3))
def test_merging_changes_no_count_of_pieces_put_together(threads):
    def run(shop, pieces):
        for piece in pieces:
            piece(shop)

    both([(run, tuple(pieces)) for pieces in threads], max_states=4000)


@pytest.mark.parametrize(
    "piece", [one_grows, one_replaces, a_closure, an_alias, return_inside_with, two_locks_in_one_with]
)
def test_merging_changes_no_count_of_micro_steps_of(piece):
    both([piece, piece], switch_points="micro", max_states=6000)


def add_alone(shop):
    now = shop.v
    shop.v = now + 1


def add_with_both_locks(shop):
    with shop.lock:
        with shop.other:
            shop.v += 1


@pytest.mark.parametrize(("thread", "total"), [(add_alone, 90), (add_with_both_locks, 294)])
def test_a_step_seen_while_the_others_stood_elsewhere_is_not_run_again(thread, total):
    found = explore([thread] * 3, state=fresh, outcome=lambda shop: shop.v)
    assert found.total == total
    assert 3 * (found.runs - AUDITS) < found.states
