"""The minute job: reads in batches, decides purely, writes in batches."""
