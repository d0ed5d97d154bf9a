"""Work that keeps a core busy."""

import hashlib
import zlib

import pytest

from threadlab.workloads.cpu import compress_buffer, count_primes, hash_buffer, price_orders
from threadlab.workloads.orders import process_orders, sample_orders


@pytest.mark.parametrize(
    ("limit", "primes"), [(0, 0), (2, 0), (3, 1), (4, 2), (5, 2), (26, 9), (1_000, 168), (20_000, 2262)]
)
def test_the_primes_below_the_limit_are_counted(limit, primes):
    assert count_primes(limit) == primes


@pytest.mark.parametrize(("limit", "error"), [(-1, ValueError), (10.5, TypeError), ("10", TypeError)])
def test_a_limit_that_is_no_number_of_candidates_is_refused(limit, error):
    with pytest.raises(error, match="limit must be"):
        count_primes(limit)


def test_orders_are_priced_as_they_are_processed_without_the_wait(monkeypatch):
    orders = sample_orders(3)
    expected = process_orders(orders, wait=0, effort=5)
    monkeypatch.delattr("time.sleep")
    assert price_orders(orders) == expected


def test_the_effort_of_pricing_is_chosen():
    orders = sample_orders(2)
    assert price_orders(orders, effort=2) == process_orders(orders, wait=0, effort=2)


def test_the_hash_is_that_of_all_the_rounds():
    buffer = (bytes(range(256)) * 20)[:5000]
    assert hash_buffer(5000, rounds=3) == hashlib.sha256(buffer * 3).hexdigest()


def test_the_compressed_size_is_that_of_one_buffer():
    assert compress_buffer(5000, rounds=3) == len(zlib.compress((bytes(range(256)) * 20)[:5000]))


@pytest.mark.parametrize("work", [hash_buffer, compress_buffer])
def test_wrong_sizes_and_rounds_are_refused(work):
    with pytest.raises(ValueError, match="size must be at least 1, not 0"):
        work(0)
    with pytest.raises(ValueError, match="size must be at most 1000000000, not 1000000001, because"):
        work(1_000_000_001)
    with pytest.raises(ValueError, match="rounds must be at least 1, not 0"):
        work(rounds=0)
