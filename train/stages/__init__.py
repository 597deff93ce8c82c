"""Encoders trained in stages: a file says which tasks, on which data, and what each starts from."""
