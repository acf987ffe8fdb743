-- $1 providers and $2 ids that the settings still hold, pairwise
update channels set status = 'disabled'
where status <> 'disabled'
  and not exists (select from unnest($1::text[], $2::text[]) as kept(provider, id)
                  where kept.provider = channels.provider and kept.id = channels.id)
