-- A table: every quantity is looked up in it.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

with rates as (
    {{ decided_for_clusters('rates', 'metric', ['metric', 'cost_type', 'tag_key', 'tag_value', 'rate']) }}
)

select
    source_uuid,
    metric,
    cost_type,
    nullif(tag_key, '') as tag_key,
    nullif(tag_value, '') as tag_value,
    cast(rate as {{ type_double() }}) as rate
from rates
