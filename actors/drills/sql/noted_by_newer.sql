-- What newer code counted in each conversation, of those that it has met.
select coalesce(jsonb_object_agg(id, convert_from(state, 'UTF8')::jsonb -> 'noted_by_newer'), '{}')::text
  from conversation
 where state <> '' and convert_from(state, 'UTF8')::jsonb ? 'noted_by_newer'
