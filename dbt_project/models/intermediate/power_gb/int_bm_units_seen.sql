{% set datasets = ['pn', 'qpn', 'mels', 'mils', 'boalf', 'bod'] %}

with seen as (
    {% for dataset in datasets %}
    select distinct national_grid_bm_unit, bm_unit
    from {{ ref('stg_elexon__' ~ dataset) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    national_grid_bm_unit,
    min({{ byte_order('bm_unit') }}) as bm_unit
from seen
group by national_grid_bm_unit
