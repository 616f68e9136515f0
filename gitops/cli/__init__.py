"""The commands: options, exit codes, and output as text or JSON.

A command only calls one function of the packages below and prints its result; no other package prints.
"""
