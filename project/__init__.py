"""The house: settings, entry points and the embedded stack."""
