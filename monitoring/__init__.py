"""Alerts and dashboards as code: what is here is written into the manifests, and tested against Prometheus itself."""
