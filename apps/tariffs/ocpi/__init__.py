"""Tariffs and CDRs as OCPI 2.1.1, 2.2.1 and 2.3.0 write them, read into the engine's values."""
