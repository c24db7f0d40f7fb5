-- Rendered from loaders/sources/elexon/datasets/syswarn.yml; change that and run `task render`.
{{ config(event_time='published_at') }}
select
    published_at,
    warning_text
from {{ source('elexon', 'syswarn') }}
