"""Release, promote, verify and roll back environments, with plain files, Kustomize and git.

What a pod does belongs in api/, what a model is in model/; nothing here runs inside the cluster.
"""
