-- Rendered from loaders/sources/elexon/datasets/temp.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    measurement_date,
    temperature_celsius
from {{ source('elexon', 'temp') }}
