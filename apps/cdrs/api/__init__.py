"""The partner API of CDRs and sessions."""
