"""What every environment must satisfy, above all where Kustomize ignores a mistake silently.

A rule only reads an overlay and its render; what a promotion must satisfy belongs in gitops/promotion_gates.
"""
