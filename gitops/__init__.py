"""Move what was verified from one environment to the next."""
