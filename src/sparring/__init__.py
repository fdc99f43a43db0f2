"""sparring: adversarial generative models, for real use."""

__version__ = "0.1.0"
