"""Argo CD and Flux in a cluster: what each of them reports, and how one is connected with the repository.

The objects in clusters/ that make them sync a folder belong in gitops/generate.
"""
