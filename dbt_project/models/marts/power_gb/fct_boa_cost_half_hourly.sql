{{ config(**monthly_batches('settlement_date', cluster_by=['national_grid_bm_unit'])) }}
{% set grain = ['settlement_date', 'settlement_period', 'national_grid_bm_unit', 'side'] %}
{% set figures = {
    'int_acceptance_volumes': {'volume_mwh': 'volume_mwh', 'system_volume_mwh': 'system_volume_mwh'},
    'int_acceptance_costs': {'priced_volume_mwh': 'priced_volume_mwh', 'cost_gbp': 'cost_gbp', 'system_cost_gbp': 'system_cost_gbp'},
    'stg_elexon__boav': {'official_volume_mwh': 'total_volume_accepted_mwh'},
    'stg_elexon__ebocf': {'official_cashflow_gbp': 'total_cashflow_gbp'},
} %}

-- Rows under each other, not joined: what only we or only the settlement knows of stays, and shows as a difference.
with reported as (
    {% for model, columns in figures.items() %}
    select
        settlement_date,
        settlement_period,
        {% if model.startswith('stg_') %}coalesce(national_grid_bm_unit, bm_unit) as {% endif %}national_grid_bm_unit,
        side
        {%- for others in figures.values() %}
        {%- for name in others %},
        {{ columns[name] if name in columns else 'cast(null as ' ~ type_double() ~ ')' }} as {{ name }}
        {%- endfor %}
        {%- endfor %}
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    {{ grain | join(', ') }},
    {%- for columns in figures.values() %}
    {%- for name in columns %}
    sum({{ name }}) as {{ name }},
    {%- endfor %}
    {%- endfor %}
    sum(official_cashflow_gbp) / nullif(sum(official_volume_mwh), 0) as official_price_gbp_per_mwh
from reported
group by {{ grain | join(', ') }}
