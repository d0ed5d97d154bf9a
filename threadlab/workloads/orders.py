"""The shop: orders, and what it takes to process one."""

import csv
import random
import sys
import time
import zlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from threading import Thread
from typing import Any

from threadlab.running.arguments import number, whole_number
from threadlab.running.ticks import tick
from threadlab.running.watching import task, waiting

_PIECES_IN_A_BOX = {"mug": 6, "poster": 20, "teapot": 2, "notebook": 25, "lamp": 1}
_PRICES = {"mug": 1250, "poster": 890, "teapot": 3400, "notebook": 475, "lamp": 5900}
_CUSTOMERS = ("Ann", "Bob", "Chloé", "Dmitri", "Emeka", "Łucja", "Mei", "Zoë")


@dataclass(frozen=True, slots=True)
class Order:
    """What one customer wants. `price` is for one piece, in whole cents; `coupon` is in percent.

    >>> print(Order(7, "mug", quantity=2, price=1250))
    order 7
    """

    number: int
    item: str
    quantity: int
    price: int
    customer: str = "Ann"
    coupon: int = 0

    def __str__(self) -> str:
        return f"order {self.number}"


_COLUMNS = [field.name for field in fields(Order)]
_LIMITS = {"number": (1, None), "quantity": (1, None), "price": (0, None), "coupon": (0, 100)}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A processed order: boxes taken from the shelf, cents to pay, and a fraud score from 0 to 99.

    >>> process_order(Order(7, "mug", 10, 1250), wait=0).boxes
    2
    """

    order: Order
    boxes: int
    total: int
    fraud_score: int


def sample_orders(count: int, *, seed: int = 0) -> list[Order]:
    """Make `count` orders, the same for the same `seed` on every machine.

    >>> sample_orders(1000)[:8] == sample_orders(8)
    True
    """
    whole_number("count", count, most=1_000_000, why="all orders are kept in memory")
    chance = random.Random(whole_number("seed", seed, least=0)).random  # never changes
    orders = []
    for place in range(1, count + 1):
        item, customer = (values[int(chance() * len(values))] for values in (list(_PRICES), _CUSTOMERS))
        quantity, coupon = 1 + int(12 * chance() ** 3), 5 * max(0, int(8 * chance()) - 4)
        orders.append(Order(place, item, quantity, _PRICES[item], customer, coupon))
    return orders


def load_orders(path: str | Path) -> list[Order]:
    """Read the orders of the CSV file at `path`; what is wrong there is named with line and column.

    >>> load_orders(Path(__file__).parents[2] / "notebooks/data/orders.csv") == sample_orders(1000)
    True
    """
    # Decoded line by line, so that the wrong one is known; Excel begins its files with a mark ("sig").
    lines = (line.decode("utf-8-sig") for line in Path(path).read_bytes().splitlines(keepends=True))
    rows = csv.DictReader(lines, restval="", strict=True)
    try:
        if missing := [name for name in _COLUMNS if name not in (rows.fieldnames or ())]:
            raise ValueError(f"no column {', '.join(missing)}; the first line must be {','.join(_COLUMNS)}")
        orders = [_order(row) for row in rows]
    except UnicodeDecodeError:
        line = rows.reader.line_num + 1
        raise ValueError(f"{path}, line {line}: must be UTF-8; save as 'CSV UTF-8'") from None
    except (csv.Error, TypeError, ValueError) as error:
        raise ValueError(f"{path}, line {rows.reader.line_num}: {error}") from None
    if not orders:
        raise ValueError(f"{path}, line 2: no orders; there must be at least one below the column names")
    return orders


def _order(row: dict[str, Any]) -> Order:
    if None in row:  # where csv puts the cells that have no column
        raise ValueError("more cells than columns; a price is in cents: 1250, not 12,50")
    cells = {name: row[name] for name in _COLUMNS}
    for name, (least, most) in _LIMITS.items():
        value = int(cells[name]) if cells[name].isdecimal() else cells[name]
        cells[name] = whole_number(f"column {name}", value, least=least, most=most)
    return Order(**cells)


def process_order(order: Order, *, wait: float = 0.5, effort: int = 1) -> Receipt:
    """Check `order`, reserve its stock, wait `wait` seconds for the payment, and price it.

        >>> process_order(Order(7, "mug", 10, 1250), wait=0).total
        11250

    One `effort` is about 2 milliseconds of computing for the fraud score. Orders share nothing.
    """
    if not isinstance(order, Order):
        raise TypeError(f"order must be an Order such as sample_orders(1)[0], not {order!r}")
    number("wait", wait)
    whole_number("effort", effort, least=0)
    with task(str(order)):
        for name, (least, most) in _LIMITS.items():
            whole_number(f"{order}: {name}", getattr(order, name), least=least, most=most)
        boxes = -(-order.quantity // _PIECES_IN_A_BOX.get(order.item, 1))
        if wait:
            with waiting("the payment"):
                time.sleep(wait)
        # 10 % off from ten pieces on, then the coupon; rounded half up.
        percent = (90 if order.quantity >= 10 else 100) * (100 - order.coupon)
        total = (order.quantity * order.price * percent + 5_000) // 10_000
        return Receipt(order, boxes, total, _fraud_score(order, effort))


def _fraud_score(order: Order, effort: int) -> int:
    state = 1 + zlib.crc32(repr(order).encode()) % 2_147_483_646
    for _ in range(20 * effort):  # about 2 ms of pure Python: an order of the shop mostly waits
        for _ in range(1_500):
            state = state * 48_271 % 2_147_483_647  # Lehmer's random numbers
        tick()
    return state % 100


def process_orders(orders: Iterable[Order], *, wait: float = 0.5, effort: int = 1) -> list[Receipt]:
    """Process `orders` one after the other, each with `wait` and `effort`.

    >>> [receipt.order.number for receipt in process_orders(sample_orders(3), wait=0)]
    [1, 2, 3]
    """
    return [process_order(order, wait=wait, effort=effort) for order in orders]


class OrderProcessing(Thread):
    """A thread that processes orders; after `join` its `receipts` are there.

    >>> thread = OrderProcessing(sample_orders(3), wait=0)
    >>> thread.start()
    >>> thread.join()
    >>> len(thread.receipts)
    3
    """

    def __init__(self, orders: Iterable[Order], *, wait: float = 0.5, effort: int = 1) -> None:
        self.orders, self.receipts = list(orders), list[Receipt]()
        self.wait, self.effort = number("wait", wait), whole_number("effort", effort, least=0)
        super().__init__(name=" to ".join(map(str, self.orders[:1] + self.orders[1:][-1:])) or None)

    def run(self) -> None:
        """Process the orders; `start` calls this in the new thread."""
        for order in self.orders:
            self.receipts.append(process_order(order, wait=self.wait, effort=self.effort))


if __name__ == "__main__":  # python -m threadlab.workloads.orders notebooks/data/orders.csv
    with open(sys.argv[1], "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *map(astuple, sample_orders(1000))])
