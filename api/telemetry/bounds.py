"""The bounds of histograms: seconds of a request or of a call, and rows of a call."""

LATENCY = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH = (1, 2, 5, 10, 50, 100, 500, 1000, 5000, 10_000, 100_000)
