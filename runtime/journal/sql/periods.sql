-- periods() -> (id, starts, ends) of the periods of inbox and turn, in seconds since 1970; the first may start at -infinity.
select id, extract(epoch from starts_at)::float8 as starts, extract(epoch from ends_at)::float8 as ends
from period order by starts_at;
