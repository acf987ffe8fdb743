"""A stand-in for an OpenAI-compatible service on loopback: recorded answers, and every way in which one may go wrong."""

from actors.models.fake.faults import Fault, ModelFaults
from actors.models.fake.recorded import PICTURE, TEXTS, VOICES, picture, recording
from actors.models.fake.server import Asked, FakeModels

__all__ = [
    "PICTURE",
    "TEXTS",
    "VOICES",
    "Asked",
    "FakeModels",
    "Fault",
    "ModelFaults",
    "picture",
    "recording",
]
