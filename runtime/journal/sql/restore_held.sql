-- restore_held(): nothing that was to be sent then leaves now.
update outbox set status = 'failed', code = 'held' where status in ('queued', 'sending', 'uncertain');
