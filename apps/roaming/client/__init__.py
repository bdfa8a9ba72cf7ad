"""Calling peers: only at their own addresses, with deadlines, each call written down."""
