"""A judge from outside: what hostile callers cost a service that has a pod's memory."""
