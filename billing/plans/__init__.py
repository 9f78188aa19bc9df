"""Plans: what there is, who is on which, and subscriptions that pay for them (R24, R25)."""
