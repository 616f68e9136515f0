"""One request from arrival to record: the Exchange, the stages that it passes through, and the route table.

What a protocol's bytes mean does not belong here (protocols), nor does predicting (inference).
"""
