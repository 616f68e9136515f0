"""The compact form of a small model: one row answered in plain Python, in a microsecond or two.

In a server every request finds the processor's caches cold, and ONNX Runtime then takes tens of microseconds for
one row, whatever the model. What a compact form cannot answer with certainty it leaves to the full model.
"""
