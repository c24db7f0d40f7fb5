-- Rendered from loaders/sources/elexon/datasets/agws.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    document_id,
    document_revision_number,
    business_type,
    psr_type,
    start_at,
    settlement_date,
    settlement_period,
    mean_generation_mw
from {{ source('elexon', 'agws') }}
