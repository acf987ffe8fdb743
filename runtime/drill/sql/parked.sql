-- How many conversations are parked.
select count(*) from parked
