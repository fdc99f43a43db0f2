"""Networks: plain modules built from a Spec, one architecture a file.

Each file defines `Generator(spec, ...)`, called with a latent (N, latent) and a Condition, and
`Discriminator(spec, ...)`, called with a sample (N, *shape) and a Condition.
"""
