-- newest_dead_letter() -> its id, 0 if there is none.
select coalesce(max(id), 0) from dead_letter;
