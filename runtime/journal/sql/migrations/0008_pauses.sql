-- additive: a version before works with what is here; who ends a pause under it is told as whoever ended the one before it.
-- What became of each pause of a bot, for operators: a row for each, written by the database itself, whatever changes the
-- conversation's columns. The last fifty of a conversation are kept. What is not obvious from the columns:
--   * resumed_by, resumed_why: who ended the latest pause, and why; whoever ends one sets them in the same update.
--   * A pause that begins anew (somebody has taken the conversation, say) ends the row and begins another.

alter table conversation add column resumed_by text, add column resumed_why text;

create table pause(
  id bigint generated always as identity primary key,
  conversation text collate "C" not null,
  since timestamptz not null,
  paused_by text not null,
  why text not null,
  assigned text not null,
  ended_at timestamptz,
  ended_by text,
  ended_why text);
create index pause_of_conversation on pause(conversation, id);
insert into pause(conversation, since, paused_by, why, assigned)
select id, paused_since, paused_by, coalesce(paused_why, ''), coalesce(paused_to, '') from conversation
where paused_after is not null order by paused_since;

create function note_pause() returns trigger language plpgsql as $$
begin
  if old.paused_since is not null and new.paused_since is distinct from old.paused_since then
    update pause set ended_at = now(), ended_by = coalesce(case when new.paused_since is null then new.resumed_by else new.paused_by end, ''),
      ended_why = coalesce(case when new.paused_since is null then new.resumed_why else new.paused_why end, '')
    where conversation = new.id and ended_at is null;
  end if;
  if new.paused_since is not null and new.paused_since is distinct from old.paused_since then
    insert into pause(conversation, since, paused_by, why, assigned)
    values (new.id, new.paused_since, new.paused_by, coalesce(new.paused_why, ''), coalesce(new.paused_to, ''));
    delete from pause where conversation = new.id and id <= (
      select id from pause where conversation = new.id order by id desc offset 50 limit 1);
  elsif new.paused_since is not null then
    update pause set assigned = coalesce(new.paused_to, '') where conversation = new.id and ended_at is null;
  end if;
  return null;
end $$;
create trigger note_pause after update on conversation for each row
when (old.paused_since is distinct from new.paused_since or old.paused_to is distinct from new.paused_to)
execute function note_pause();
