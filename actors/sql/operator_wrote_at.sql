-- $1 conversation -> when an operator has last written in it; null if none ever did, or it is long past.
select max(created_at) as at from outbox where conversation = $1 and operator is not null
