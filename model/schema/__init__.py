"""What a model takes and answers: features, types, rows. Nothing here loads or runs a model."""
