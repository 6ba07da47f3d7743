"""The embedded model: a small rectified-flow transformer that draws emblems.

Nothing here imports Django. Modules that need torch import it at the top, so import them
inside workers and commands only; `vocabulary` and `specs` are light and safe anywhere.
"""
