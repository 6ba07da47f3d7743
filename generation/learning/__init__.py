"""Learning from preferences: loss, caches, training, evaluation and adapters. Knows no Django."""
