-- add_aliases(channels text[], identities text[], conversations text[]), in key order. Fails with a unique violation where
-- another process was first: the batch is then resolved anew. An alias never moves.
insert into alias(channel, identity, conversation)
select * from unnest($1::text[], $2::text[], $3::text[]);
