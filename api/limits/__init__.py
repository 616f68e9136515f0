"""What protects the server: API keys, limits on the size, number and duration of request bodies, load shedding.

Limits of one model's rows do not belong here (inference).
"""
