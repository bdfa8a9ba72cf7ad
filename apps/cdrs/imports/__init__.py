"""The file door: any operator's CSV export, read through a mapping."""
