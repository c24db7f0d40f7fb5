-- A table: two marts and the strict sale read it, and it is three aggregates over all rows.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}
{% set counts = ['parcelles', 'maisons', 'appartements', 'dependances', 'locaux'] %}
{% set surfaces = ['maisons', 'appartements', 'locaux', 'bati', 'terrain'] %}

-- The value is the total of the mutation, repeated on every row of it: it is taken once, never summed.
with headers as (
    select
        year,
        id_mutation,
        min(date_mutation) as date_mutation,
        min({{ byte_order('nature_mutation') }}) as nature_mutation,
        max(valeur_fonciere_eur) as valeur_fonciere_eur,
        count(distinct date_mutation) as nb_dates,
        count(distinct nature_mutation) as nb_natures,
        count(distinct valeur_fonciere_eur) + max(case when valeur_fonciere_eur is null then 1 else 0 end) as nb_valeurs,
        count(distinct numero_disposition) as nb_dispositions,
        count(*) as nb_lignes
    from {{ ref('stg_dvf__mutations') }}
    group by year, id_mutation
),

contents as (
    select
        year,
        id_mutation,
        {%- for count in counts %}
        cast(sum(nb_{{ count }}) as {{ dbt.type_bigint() }}) as nb_{{ count }},
        {%- endfor %}
        {%- for surface in surfaces %}
        sum(surface_{{ surface }}_m2) as surface_{{ surface }}_m2,
        {%- endfor %}
        count(*) as nb_communes,
        count(distinct code_departement) as nb_departements,
        min(case when place = 1 then code_commune end) as code_commune,
        min(case when place = 1 then nom_commune end) as nom_commune,
        min(case when place = 1 then code_departement end) as code_departement
    from {{ ref('int_dvf_mutation_commune') }}
    group by year, id_mutation
)

select
    headers.year,
    headers.id_mutation,
    headers.date_mutation,
    headers.nature_mutation,
    headers.valeur_fonciere_eur,
    headers.nb_dates,
    headers.nb_natures,
    headers.nb_valeurs,
    headers.nb_dispositions,
    headers.nb_lignes,
    {%- for count in counts %}
    contents.nb_{{ count }},
    {%- endfor %}
    {%- for surface in surfaces %}
    contents.surface_{{ surface }}_m2,
    {%- endfor %}
    contents.nb_communes,
    contents.nb_departements,
    contents.nb_communes > 1 as is_multi_commune,
    contents.code_commune,
    contents.nom_commune,
    contents.code_departement
from headers
inner join contents
    on contents.year = headers.year
    and contents.id_mutation = headers.id_mutation
