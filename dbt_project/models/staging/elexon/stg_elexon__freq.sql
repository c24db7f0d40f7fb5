-- Rendered from loaders/sources/elexon/datasets/freq.yml; change that and run `task render`.
{{ config(event_time='measured_at') }}
select
    measured_at,
    frequency_hz
from {{ source('elexon', 'freq') }}
