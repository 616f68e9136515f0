"""HTML pages for people: the form for one row, its answer, a whole file, the model card, the API's documentation.

What a page computes does not belong here (inference, telemetry), nor does the text of the card (model.card).
"""
