{% set types = {'maisons': '1', 'appartements': '2', 'dependances': '3', 'locaux': '4'} %}
{% set key = 'year, id_mutation, code_commune' %}

with communes as (
    select
        {{ key }},
        min({{ byte_order('code_departement') }}) as code_departement,
        max({{ byte_order('nom_commune') }}) as nom_commune,
        count(distinct id_parcelle) as nb_parcelles,
        count(*) as nb_lignes
    from {{ ref('stg_dvf__mutations') }}
    group by {{ key }}
),

built as (
    select
        {{ key }},
        {%- for type, code in types.items() %}
        count(case when code_type_local = '{{ code }}' then 1 end) as nb_{{ type }},
        sum(case when code_type_local = '{{ code }}' then surface_reelle_bati_m2 end) as surface_{{ type }}_m2,
        {%- endfor %}
        sum(surface_reelle_bati_m2) as surface_bati_m2
    from {{ ref('int_dvf_local') }}
    group by {{ key }}
),

land as (
    select
        {{ key }},
        sum(surface_terrain_m2) as surface_terrain_m2
    from {{ ref('int_dvf_terrain') }}
    group by {{ key }}
)

select
    communes.year,
    communes.id_mutation,
    communes.code_commune,
    communes.code_departement,
    communes.nom_commune,
    communes.nb_parcelles,
    communes.nb_lignes,
    {%- for type in types %}
    coalesce(built.nb_{{ type }}, 0) as nb_{{ type }},
    built.surface_{{ type }}_m2,
    {%- endfor %}
    built.surface_bati_m2,
    land.surface_terrain_m2,
    row_number() over (
        partition by communes.year, communes.id_mutation
        order by
            coalesce(built.surface_bati_m2, 0) desc,
            coalesce(land.surface_terrain_m2, 0) desc,
            {{ byte_order('communes.code_commune') }}
    ) as place
from communes
{%- for part in ['built', 'land'] %}
left join {{ part }}
    on {{ part }}.year = communes.year
    and {{ part }}.id_mutation = communes.id_mutation
    and {{ part }}.code_commune = communes.code_commune
{%- endfor %}
