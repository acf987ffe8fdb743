"""The bots: what people say and what is answered. Sees the runtime only through its doors."""
