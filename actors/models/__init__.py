"""Language models beside the rules: what is asked of them, what of their answers counts, and what it may cost."""
