-- Rendered from loaders/sources/elexon/datasets/windfor.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    start_at,
    generation_mw
from {{ source('elexon', 'windfor') }}
