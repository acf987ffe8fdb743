"""Where the outside world comes in: HTTP, served by Quart-Trio on Hypercorn, and what is answered there."""
