"""Run plain code and watch it, or measure it; three ideas, each read from its first module on.

Watch: `watching` (the `with` block), `lanes` and `world` (what its threads record, and what they find in the
place of `threading`), `standins` (how names are replaced), `accesses` (a shared object), `timeline` (the
result); with ticks `ticks`, `ticking` (a learner's own loops) and `gil` (why a thread did not run).
Measure: `measuring`, `scaling` (what the times mean), `recordings`, `machine`.
Workers: `executors`, `interpreters`, `coroutines`; for another Python `free_threaded` (find it),
`another_python` (both ends of the pipe), `sending` (what goes through it).
"""
