-- add_period(starts, ends in seconds since 1970) -> its id. Its tables are made by open_period.
insert into period(starts_at, ends_at) values (to_timestamp($1), to_timestamp($2)) returning id;
