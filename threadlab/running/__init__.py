"""Run something and watch it: executors, measuring, watching, the machine."""
