"""Alert rules and the Grafana dashboard, as Python functions over an environment's objectives.

Writing them into manifests belongs in gitops/generate, and exposing metrics in api/telemetry.
"""
