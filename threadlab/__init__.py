"""Learn Python threads: real threads, their order under control, and a picture of it.

Everything a notebook needs is here and loaded on first use, so `import threadlab` stays light:

    >>> from threadlab import sample_orders
    >>> print(sample_orders(1)[0])
    order 1
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "threadlab.workloads.orders": (
        "Order", "OrderProcessing", "Receipt",
        "load_orders", "process_order", "process_orders", "sample_orders",
    ),
    "threadlab.workloads.cpu": ("compress_buffer", "count_primes", "hash_buffer", "price_orders"),
    "threadlab.workloads.downloads": ("Download", "download", "download_all"),
    "threadlab.workloads.site": ("Site", "serve_site"),
    "threadlab.running.executors": ("without_gil",),
    "threadlab.running.free_threaded": ("free_threaded_python",),
    "threadlab.running.machine": ("this_machine", "usable_cores"),
    "threadlab.running.measuring": ("measure", "sweep"),
    "threadlab.running.recordings": ("load_recording",),
    "threadlab.running.scaling": ("Scaling", "Timing"),
    "threadlab.running.watching": ("watch",),
    "threadlab.schedules": ("Crash", "DEADLOCK", "Exploration", "LIVELOCK", "Replay", "explore", "replay"),
    "threadlab.showing.timelines": ("plot_timeline",),
    "threadlab.showing.speedups": ("plot_scaling",),
    "threadlab.showing.waterfall": ("plot_downloads",),
    "threadlab.showing.tiles": ("plot_orders",),
    "threadlab.showing.panels": ("try_workers",),
    "threadlab.showing.ways": ("try_executors",),
    "threadlab.showing.addresses": ("try_urls",),
    "threadlab.showing.choosing": ("try_chooser",),
    "threadlab.showing.stepper": ("show_orders",),
    "threadlab.showing.fairness": ("try_fairness",),
    "threadlab.showing.switching": ("try_switch_interval",),
    "threadlab.showing.turns": ("plot_meters",),
    "threadlab.teaching.predict": ("predict",),
    "threadlab.teaching.cases": ("check_case",),
    "threadlab.teaching.checks": ("check_downloads", "check_one_sale", "check_processes", "check_together"),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'threadlab' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
