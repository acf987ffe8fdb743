-- add_alias_conflicts(channels text[], identities text[], conversations text[], chosen text[])
insert into alias_conflict(channel, identity, conversation, chosen)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing;
