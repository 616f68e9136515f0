"""Whether a cluster runs and answers what git declares.

Nothing here changes the cluster or the ledger; whether files are right belongs in gitops/check and gitops/rules.
"""
