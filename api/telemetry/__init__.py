"""What operators see: logs, metrics of requests and models, drift, the Prometheus exposition, traces.

Nothing here changes an answer.
"""
