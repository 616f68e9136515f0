"""The service beside others, measured in one run."""
