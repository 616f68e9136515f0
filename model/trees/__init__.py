"""Fitted trees as plain arrays, read from what the boosting libraries write down of their models.

No library is imported here: an estimator that is asked for its trees brings its own.
"""
