"""Predictions: questions and answers, the models of this process, explanations, and the memory for ground truth.

How a question or an answer is written as bytes does not belong here (protocols).
"""
