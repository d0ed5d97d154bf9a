"""Work that keeps a core busy: in pure Python, and in C code that releases the GIL."""

import hashlib
import zlib
from collections.abc import Iterable

from threadlab.running.arguments import whole_number
from threadlab.running.ticks import FREE, tick
from threadlab.workloads.orders import Order, Receipt, process_orders


def count_primes(limit: int) -> int:
    """Count the prime numbers below `limit` by trial division, in pure Python.

    >>> count_primes(100)
    25
    """
    whole_number("limit", limit, least=0)
    primes = 0
    for candidate in range(2, limit):
        divisor = 2
        while divisor * divisor <= candidate and candidate % divisor != 0:
            divisor += 1
        if divisor * divisor > candidate:  # none divides it
            primes += 1
        if not candidate % 32:
            tick()
    return primes


def price_orders(orders: Iterable[Order], *, effort: int = 5) -> list[Receipt]:
    """Price `orders` in pure Python, as `process_orders` does with this `effort`, without waiting.

    >>> price_orders([Order(7, "mug", 10, 1250)])[0].total
    11250
    """
    return process_orders(orders, wait=0, effort=effort)


def hash_buffer(size: int = 1_000_000, *, rounds: int = 100) -> str:
    """Hash a buffer of `size` bytes `rounds` times (SHA-256); releases the GIL above 2,047 bytes.

    >>> hash_buffer(1, rounds=1)[:8]
    '6e340b9c'
    """
    buffer, fingerprint = _buffer(size), hashlib.sha256()
    for _ in range(whole_number("rounds", rounds)):
        fingerprint.update(buffer)
        tick(FREE)
    return fingerprint.hexdigest()


def compress_buffer(size: int = 1_000_000, *, rounds: int = 30) -> int:
    """Compress a buffer of `size` bytes `rounds` times, without the GIL; return how many are left.

    >>> compress_buffer(1_000_000, rounds=1) < 10_000
    True
    """
    buffer = _buffer(size)
    for _ in range(whole_number("rounds", rounds)):
        compressed = zlib.compress(buffer)
        tick(FREE)
    return len(compressed)


def _buffer(size: int) -> bytes:
    whole_number("size", size, most=1_000_000_000, why="the buffer is made in memory")
    return (bytes(range(256)) * (size // 256 + 1))[:size]
