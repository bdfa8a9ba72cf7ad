"""A simulated charge point operator: a process of its own that speaks OCPI 2.2.1 JSON over HTTP.

It shares nothing with our own client and door but the plain data of its stations (catalogue.py),
so that it finds their mistakes. Nothing here may import Django or our apps.
"""
