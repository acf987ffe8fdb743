"""A phone in the terminal: what a person writes goes in as the provider's signed webhooks, what the bot sends appears."""
