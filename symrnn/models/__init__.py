"""Networks as functions that return a `TrainingGraph`: a model is one file here, its name, and a test."""
