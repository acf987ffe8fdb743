"""What an agency has: listings, viewings, leads, people who take over. Knows no conversation and no provider."""
