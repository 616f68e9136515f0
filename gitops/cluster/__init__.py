"""Which cluster it is, its API and kubectl, what must be true of it first, and what it shows of a rollout.

A module belongs here if several of them need it; what one of them does with a cluster belongs there.
"""
