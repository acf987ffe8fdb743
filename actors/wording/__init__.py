"""How the estate bot writes: texts.py is the door; the catalogues, numbers, dates and direction stand behind it."""
