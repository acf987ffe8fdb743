-- $1 tenant, $2 event, $3 lead, $4 words, $5 now, $6 its number; asked again, the words are replaced, and a number stays
insert into expo_meetings (tenant_id, event_id, lead_id, words, created_at, number)
values ($1, $2, $3, $4, $5, $6)
on conflict (event_id, lead_id) do update set words = excluded.words, status = 'asked',
  number = coalesce(expo_meetings.number, excluded.number)
returning number
