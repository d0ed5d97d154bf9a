"""The shop."""

import csv
import pickle
import subprocess
import sys
import threading
from dataclasses import astuple
from pathlib import Path

import pytest

from threadlab.workloads import orders as shop
from threadlab.workloads.orders import (
    Order,
    OrderProcessing,
    load_orders,
    process_order,
    process_orders,
    sample_orders,
)

HEADER = "number,item,quantity,price,customer,coupon\n"
CSV = Path(__file__).parents[1] / "notebooks" / "data" / "orders.csv"


def written(folder, text, encoding="utf-8"):
    path = folder / "orders.csv"
    path.write_bytes(text.encode(encoding))
    return path


def save(orders, path):
    """Write the CSV of the course: save(sample_orders(1000), CSV)."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER.strip().split(","), *map(astuple, orders)])


def error_of(path):
    with pytest.raises(ValueError, match=r"orders\.csv, line \d+: ") as caught:
        load_orders(path)
    return str(caught.value).removeprefix(str(path))


def test_the_csv_of_the_course_is_a_thousand_sample_orders():
    assert load_orders(CSV) == sample_orders(1000)


def test_one_command_makes_the_csv_of_the_course(tmp_path):
    made = tmp_path / "orders.csv"
    subprocess.run([sys.executable, "-m", "threadlab.workloads.orders", str(made)], check=True, timeout=60)
    assert made.read_bytes() == CSV.read_bytes()


def test_sample_orders_are_these_on_every_machine():
    assert sample_orders(2) == [Order(1, "lamp", 1, 5900, "Mei", 0), Order(2, "teapot", 6, 3400, "Dmitri", 0)]


def test_few_sample_orders_are_the_first_of_many():
    assert sample_orders(8) == sample_orders(1000)[:8]


def test_another_seed_makes_other_orders():
    assert sample_orders(8, seed=1) != sample_orders(8)


def test_sample_orders_touch_every_rule_of_the_shop():
    orders = sample_orders(1000)
    assert {order.item for order in orders} == set(shop._PRICES)
    assert {0, 5, 10, 15} == {order.coupon for order in orders}
    assert min(order.quantity for order in orders) == 1
    assert max(order.quantity for order in orders) >= 10


@pytest.mark.parametrize(
    ("count", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError), ("8", TypeError)]
)
def test_a_count_that_is_not_one_is_refused(count, error):
    with pytest.raises(error, match="count must be"):
        sample_orders(count)


def test_an_order_is_called_by_its_number():
    assert str(Order(7, "mug", 1, 1250)) == "order 7"


def test_an_order_and_its_receipt_cross_the_process_border():
    receipt = process_order(Order(7, "mug", 1, 1250), wait=0)
    assert pickle.loads(pickle.dumps(receipt)) == receipt


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_orders_are_read_whatever_ends_the_lines(tmp_path, newline):
    text = newline.join([HEADER.strip(), "7,mug,2,1250,Zoë,5", ""])
    assert load_orders(written(tmp_path, text)) == [Order(7, "mug", 2, 1250, "Zoë", 5)]


def test_orders_survive_the_file(tmp_path):
    strange = [Order(1, 'a "mug", large', 1, 0, "Ann\nBob"), *sample_orders(3)]
    save(strange, tmp_path / "strange.csv")
    assert load_orders(tmp_path / "strange.csv") == strange


def test_a_file_saved_by_excel_is_read(tmp_path):
    path = written(
        tmp_path, "note,coupon,customer,price,quantity,item,number\r\n,0,Ann,5,1,mug,9\r\n", "utf-8-sig"
    )
    assert load_orders(path) == [Order(9, "mug", 1, 5, "Ann", 0)]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("1,mug,two,1250,Ann,0", ", line 2: column quantity must be a whole number such as 1, not 'two'"),
        ("1,mug,1,12.50,Ann,0", ", line 2: column price must be a whole number such as 1, not '12.50'"),
        ("1,mug,,1250,Ann,0", ", line 2: column quantity must be a whole number such as 1, not ''"),
        ("1,mug,-2,1250,Ann,0", ", line 2: column quantity must be a whole number such as 1, not '-2'"),
        ("1,mug,1,5,Ann,0\n2,mug,0,5,Ann,0", ", line 3: column quantity must be at least 1, not 0"),
        ("1,mug,1,5,Ann,0\n\n\n2,mug,1,5,Ann,101", ", line 5: column coupon must be at most 100, not 101"),
        ("1,mug,1,1250", ", line 2: column coupon must be a whole number such as 1, not ''"),
        ("1,mug,1,12,50,Ann,0", ", line 2: more cells than columns; a price is in cents: 1250, not 12,50"),
        ('1,"mug,1,1250,Ann,0', ", line 2: unexpected end of data"),
        ("", ", line 2: no orders; there must be at least one below the column names"),
    ],
)
def test_a_bad_row_is_named_with_line_and_column(tmp_path, lines, sentence):
    assert error_of(written(tmp_path, HEADER + lines)) == sentence


def test_a_missing_column_is_named(tmp_path):
    path = written(tmp_path, "number,item,price,coupon\n1,mug,1250,0\n")
    assert (
        error_of(path) == f", line 1: no column quantity, customer; the first line must be {HEADER.strip()}"
    )


def test_semicolons_and_an_empty_file_have_no_columns(tmp_path):
    assert ", line 1: no column number" in error_of(written(tmp_path, HEADER.replace(",", ";")))
    assert ", line 0: no column number" in error_of(written(tmp_path, ""))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_wrong_encoding_is_named_with_its_line(tmp_path, encoding):
    path = written(tmp_path, HEADER + "1,mug,1,1250,Zoë,0\n", encoding)
    line = 1 if encoding == "utf-16" else 2
    assert error_of(path) == f", line {line}: must be UTF-8; save as 'CSV UTF-8'"


@pytest.mark.parametrize(
    ("order", "boxes", "total"),
    [
        (Order(1, "mug", 1, 1250), 1, 1250),
        (Order(1, "mug", 7, 1000), 2, 7000),
        (Order(1, "teapot", 10, 1000), 5, 9000),
        (Order(1, "mug", 10, 1000, coupon=50), 2, 4500),
        (Order(1, "mug", 1, 1, coupon=50), 1, 1),
        (Order(1, "kite", 3, 0), 3, 0),
    ],
)
def test_an_order_is_reserved_and_priced(order, boxes, total):
    receipt = process_order(order, wait=0)
    assert (receipt.order, receipt.boxes, receipt.total) == (order, boxes, total)


@pytest.mark.parametrize("effort", [0, 1, 3])
def test_the_fraud_score_takes_every_step_of_its_computation(effort):
    order = sample_orders(1)[0]
    start = 1 + shop.zlib.crc32(repr(order).encode()) % 2_147_483_646
    jumped = start * pow(48_271, 30_000 * effort, 2_147_483_647) % 2_147_483_647
    assert process_order(order, wait=0, effort=effort).fraud_score == jumped % 100


def test_the_payment_is_waited_for(monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    process_order(Order(1, "mug", 1, 1250))
    process_order(Order(1, "mug", 1, 1250), wait=2)
    process_order(Order(1, "mug", 1, 1250), wait=0)
    assert waits == [0.5, 2]


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"wait": -1}, "wait must be at least 0 seconds"),
        ({"wait": "1"}, "wait must be a number of seconds"),
        ({"effort": -1}, "effort must be at least 0"),
        ({"effort": 1.5}, "effort must be a whole number"),
    ],
)
def test_a_wrong_wait_or_effort_is_refused(bad, sentence):
    for refuses in (process_order, lambda order, **bad: OrderProcessing([order], **bad)):
        with pytest.raises((TypeError, ValueError), match=sentence):
            refuses(Order(1, "mug", 1, 1250), **bad)


def test_what_is_no_order_is_refused():
    with pytest.raises(TypeError, match="order must be an Order such as"):
        process_order(sample_orders(2))


def test_an_order_that_cannot_be_processed_says_why():
    with pytest.raises(ValueError, match="order 7: quantity must be at least 1, not 0"):
        process_order(Order(7, "mug", 0, 1250), wait=0)


def test_a_thread_has_its_receipts_after_join():
    orders = sample_orders(3)
    thread = OrderProcessing(iter(orders), wait=0)
    thread.start()
    thread.join(timeout=10)
    assert thread.receipts == process_orders(orders, wait=0)


def test_a_thread_is_called_by_its_orders():
    names = [OrderProcessing(orders).name for orders in (sample_orders(1), sample_orders(4))]
    assert names == ["order 1", "order 1 to order 4"]


def test_receipts_that_are_done_stay_when_a_later_order_fails(monkeypatch):
    died = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    good = sample_orders(2)
    thread = OrderProcessing([*good, Order(7, "mug", 0, 1250), *good], wait=0)
    thread.start()
    thread.join(timeout=10)
    assert thread.receipts == process_orders(good, wait=0)
    assert str(died[0].exc_value) == "order 7: quantity must be at least 1, not 0"
