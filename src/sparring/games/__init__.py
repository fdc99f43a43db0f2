"""Games: who plays whom, and what each player pays."""
