"""The metrics of models, as data, for an app whose statistics hold them under "models"."""

from __future__ import annotations

from runtime import Metric

METRICS = (
    Metric("majlis_models_running", "gauge", "models.running", "questions", "questions that a model is asked now",
           "at `brain.at_once` the rules answer what comes above"),
    Metric("majlis_models_questions_total", "counter", "models.outcomes", "questions",
           "questions by how they ended; of all but `answered` the rules answered instead",
           "the log names the code: README, \"Photos, voice and models\"", ("kind", "outcome")),
    Metric("majlis_models_tokens_total", "counter", "models.tokens", "tokens", "tokens that questions took, at most"),
    Metric("majlis_models_cost_total", "counter", "models.cost", "millionths",
           "what they cost, at most, in millionths of the currency of `brain.input_price`"),
    Metric("majlis_models_retries_total", "counter", "models.retries", "tries", "tries after a first one that failed"),
    Metric("majlis_models_circuit_open", "gauge", "models.open_circuits", "services",
           "1 where a service failed so often that it is not asked for a while",
           "see whether `brain.base_url` and `brain.transcription_url` answer", ("service",)),
    Metric("majlis_models_circuit_openings_total", "counter", "models.openings", "times",
           "how often that happened", "", ("service",)),
)  # fmt: skip
