"""The partner API of the tariff book."""
