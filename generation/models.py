"""Every table of this app, gathered where Django looks for them."""

from generation.agents.models import Agent, Primitive
from generation.challenges.models import Challenge, TwinPair, TwinPrompt, VersionEvent
from generation.jobs.models import GenerationJob
from generation.preferences.models import PreferenceDataset, PreferenceRow
from generation.training.models import RunPoint, TrainingRun
from generation.versions.models import ModelVersion

__all__ = [
    "Agent",
    "Challenge",
    "GenerationJob",
    "ModelVersion",
    "PreferenceDataset",
    "PreferenceRow",
    "Primitive",
    "RunPoint",
    "TrainingRun",
    "TwinPair",
    "TwinPrompt",
    "VersionEvent",
]
