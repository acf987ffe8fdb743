-- restore_checked(): refuse what was restored unless every table has as many rows as the manifest says, and none is left out.
do $$
declare
  one record;
  found_rows bigint;
begin
  for one in select * from restore_expected loop
    execute 'select count(*) from only ' || one.name into found_rows;
    if found_rows <> one.rows then
      raise exception 'the table % has % rows and should have %', one.name, found_rows, one.rows;
    end if;
  end loop;
end $$;
