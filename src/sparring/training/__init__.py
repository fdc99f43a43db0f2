"""Training: the only place that calls backward and step."""
