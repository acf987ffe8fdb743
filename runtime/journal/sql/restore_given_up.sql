-- restore_given_up(): of the leases of then nothing is left, and a replica that has slept since is fenced: every epoch is far
-- above any that was given meanwhile. What had not left by then may have left since: if it leaves again, that is told.
update shards set owner = null, lease_until = '-infinity', epoch = epoch + 1000000;
update outbox set maybe_duplicate = true where status in ('queued', 'sending', 'uncertain');
