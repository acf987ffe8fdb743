-- pauses(conversation, limit) -> its latest pauses, the newest first; `until` is null while one holds.
select since, paused_by as by, why, assigned, ended_at as until, coalesce(ended_by, '') as ended_by,
  coalesce(ended_why, '') as ended_why
from pause where conversation = $1 order by id desc limit $2;
