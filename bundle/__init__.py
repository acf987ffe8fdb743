"""How dist/majlis is made: Majlis, its Python, PostgreSQL and Valkey in one file. In no installation."""
