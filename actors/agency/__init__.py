"""What an estate agency works with, over PostgreSQL: listings, viewings, leads, requests. Knows no conversation.

Everything happens in a transaction of one tenant (tenancy.py), which is the only way in:

    async with turn.postgres() as transaction, tenant_transaction(transaction, tenant.id) as tx:
        lead = await leads.ensure(tx, turn.conversation, turn.conversation, turn.now)
        found = await listings.find(tx, wish, Shelf.of(tenant, turn.now), lead=lead)
        await listings.remember(tx, lead, found.listings, turn.now)

Decisions are pure and apart: terms (the words of the trade), places, relaxing (what to offer instead), slots (when there
is time), scoring (what a lead is worth), sheet and columns (files), exporting, drawing, demo. The rest are thin shells
around statements of `actors/sql`, one function each. Time is always given, never taken.
"""
