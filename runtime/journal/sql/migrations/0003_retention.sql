-- Retention. What is not obvious from the columns:
--   * inbox and turn lie in periods by kept_at, so that old rows go as whole tables: inbox_7 and turn_7 are period 7. kept_at
--     is when a row was written (received_at and at never change), or when a still unhandled event was moved on.
--   * The primary keys hold kept_at because they must; that (conversation, seq) is unique is the conversation's row's work.
--   * A row for whose moment there is no period (a strange clock, retention at rest for long) lies in the default partition
--     until it is moved into the period of the day: an insert never fails for want of one.
--   * The tables of before become period 1; their rows count as written at this migration.

create table period(
  id int generated always as identity primary key,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  check (starts_at < ends_at));
insert into period(starts_at, ends_at) values ('-infinity', date_trunc('hour', now()) + interval '2 days');

alter table inbox rename to inbox_1;
alter table inbox_1 add column kept_at timestamptz not null default now();
alter table inbox_1 drop constraint inbox_pkey, add primary key (conversation, seq, kept_at);
create table inbox(like inbox_1 including defaults, primary key (conversation, seq, kept_at)) partition by range (kept_at);
create table inbox_default partition of inbox default;

alter table turn rename to turn_1;
alter table turn_1 add column kept_at timestamptz not null default now();
alter table turn_1 drop constraint turn_pkey, add primary key (conversation, version, kept_at);
create table turn(like turn_1 including defaults, primary key (conversation, version, kept_at)) partition by range (kept_at);
create table turn_default partition of turn default;

do $$
declare
  until timestamptz := (select ends_at from period);
begin
  execute format('alter table inbox attach partition inbox_1 for values from (''-infinity'') to (%L)', until);
  execute format('alter table turn attach partition turn_1 for values from (''-infinity'') to (%L)', until);
end $$;

create index seen_at on seen(at);
create index outbox_settled on outbox(created_at) where status in ('done', 'failed');
create index dead_letter_at on dead_letter(at);
