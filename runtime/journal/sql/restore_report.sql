-- restore_report() -> what there is after a restore: unsettled sends, events that wait, timers that are due.
select (select count(*) from outbox where status in ('queued', 'sending', 'uncertain'))::int as unsettled_sends,
  (select coalesce(sum(next_seq - 1 - done_seq), 0) from conversation where done_seq < next_seq - 1 and not parked)::int
    as waiting_events,
  (select count(*) from timer where due_at <= now())::int as due_timers;
