"""Engines draw pictures from requests; nothing here imports Django.

`protocol` and `errors` are light. `diffusers_engine` imports torch and diffusers, so import
it inside workers and commands only.
"""
