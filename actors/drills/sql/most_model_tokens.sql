-- tokens that the tenant which spent most has spent or reserved
select coalesce(max(tokens), 0) from model_days
