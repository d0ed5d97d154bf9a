"""Make the picture at the top of the README: the first lesson's eight orders, really run.

python benchmarks/lesson_picture.py
"""

from threading import Thread

from threadlab import plot_timeline, process_order, sample_orders, watch
from threadlab.installing import ROOT

orders = sample_orders(8)
with watch() as loop:
    for order in orders:
        process_order(order)
with watch() as run:
    threads = [Thread(target=process_order, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
(ROOT / "docs").mkdir(exist_ok=True)
plot_timeline(run.timeline, before=loop.timeline).figure.savefig(ROOT / "docs" / "lesson.png", dpi=120)
