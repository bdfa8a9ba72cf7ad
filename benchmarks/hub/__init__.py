"""An independent hub and operator for benchmarks/hub_suite.py.

What speaks OCPI here (`objects`, `server`, `caller`, `faults`, `checks`) imports nothing of the
platform: it is a second reading of the specification. Only `staff` does, in a process of its own.
"""
