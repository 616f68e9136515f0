"""The Open Inference Protocol, KServe's second: server and model metadata, and inference on tensors.

Other protocols of KServe do not belong here (kserve_v1).
"""
