"""Load, as the monitoring tutorial mixes it."""
