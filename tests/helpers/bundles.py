"""The committed bundles."""

SAMPLES = ("iris", "wine", "purchase", "churn", "echo")
