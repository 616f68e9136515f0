"""Answer requests with the predictions of a bundle."""
