"""The prediction log after the service: the shipper turns segments into Parquet, and `model log` reads that.

Whatever needs pyarrow belongs here; the service imports `model.segments` alone.
"""
