from django.apps import AppConfig


class ChainConfig(AppConfig):
    name = "chain"

    def ready(self) -> None:
        """Listen to what curation announces."""
        from chain import receivers  # noqa: F401, PLC0415 - connects on import
