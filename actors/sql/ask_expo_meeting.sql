-- $1 tenant, $2 event, $3 lead, $4 words, $5 now; asked again, the words are replaced
insert into expo_meetings (tenant_id, event_id, lead_id, words, created_at)
values ($1, $2, $3, $4, $5)
on conflict (event_id, lead_id) do update set words = excluded.words, status = 'asked'
returning id
