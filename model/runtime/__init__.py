"""Answer rows: by the compact form, by ONNX Runtime, or by scikit-learn itself. Nothing here proves or packs."""
