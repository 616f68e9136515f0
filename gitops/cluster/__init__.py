"""What needs a cluster: deploy an environment, and verify that the cluster runs and answers what git declares.

Everything that only reads files and git belongs outside; nothing here writes to the ledger.
"""
