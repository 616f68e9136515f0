"""How far rows and predictions differ from training: counts by the ranges of training, and an index of the difference.

The service compares what it receives, `model log` what was logged: one logic for both.
"""
