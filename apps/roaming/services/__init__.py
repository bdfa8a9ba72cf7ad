"""Everything that changes what roaming keeps."""
