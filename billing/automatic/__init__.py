"""Auto top-up: what was agreed to, when a charge is needed, and charging (R17-R19)."""
