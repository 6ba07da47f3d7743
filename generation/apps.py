from django.apps import AppConfig


class GenerationConfig(AppConfig):
    name = "generation"

    def ready(self) -> None:
        """Listen to what curation announces."""
        from generation import receivers  # noqa: F401, PLC0415 - connects on import
