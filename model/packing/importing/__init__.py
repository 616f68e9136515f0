"""Open a model as somebody saved it, whatever wrote the file.

What the estimator takes and answers is found out elsewhere in `packing`.
"""
