"""What Kustomize makes of an overlay: the rendered objects, questions about them, and the diff of two renders.

Judging the objects belongs in gitops/rules, and applying them in gitops/deployment.
"""
