"""Healthy cores with wounds, to see that no command dies of one: ``python -m tests.mutated --runs 5000 --seed 1``."""
