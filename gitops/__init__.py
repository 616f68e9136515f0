"""Move what was verified from one environment to the next: plain files, Kustomize and git, and no server of its own."""
