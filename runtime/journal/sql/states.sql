-- states(after, limit, bytes) -> (id, state) of conversations in key order after a key, up to both limits, at least one.
with page as materialized (
  select id, state from conversation where id > $1 order by id limit $2
), measured as (
  select id, state, sum(octet_length(state)) over so_far as bytes, row_number() over so_far as place
  from page window so_far as (order by id)
)
select id, state from measured where bytes <= $3 or place = 1 order by id;
