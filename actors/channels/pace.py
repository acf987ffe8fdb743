"""How fast WhatsApp itself lets a business write to one person, whoever the provider in between is."""

#: WhatsApp's pair limit is 45 messages to one person at once, then one each 6 seconds. One less leaves 6 seconds for
#: requests that the network brings closer together than they left.
PAIR_INTERVAL, PAIR_BURST = 6.0, 44
