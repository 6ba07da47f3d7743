"""Every table of this app, gathered where Django looks for them."""

from generation.agents.models import Agent, Primitive
from generation.jobs.models import GenerationJob
from generation.versions.models import ModelVersion

__all__ = ["Agent", "GenerationJob", "ModelVersion", "Primitive"]
