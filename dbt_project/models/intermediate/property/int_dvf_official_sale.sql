-- A table: every statistic reads it.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

-- The publisher makes the projection distinct and filters it afterwards. Nature and type are columns of the projection, so the rows
-- are the same this way round, and two thirds fewer are compared.
with goods as (
    select distinct
        year,
        id_mutation,
        date_mutation,
        code_departement,
        code_commune,
        id_parcelle,
        nature_mutation,
        code_type_local,
        type_local,
        valeur_fonciere_eur,
        surface_reelle_bati_m2
    from {{ ref('stg_dvf__mutations') }}
    where nature_mutation in {{ natures_of_sale() }}
        and code_type_local in ('1', '2', '4')
),

-- Counted before prices are looked at: a second good without area still makes a sale of two.
counted as (
    select
        year,
        id_mutation,
        date_mutation,
        code_departement,
        code_commune,
        id_parcelle,
        nature_mutation,
        code_type_local,
        valeur_fonciere_eur,
        surface_reelle_bati_m2,
        {{ price_per_m2('valeur_fonciere_eur', 'surface_reelle_bati_m2') }} as prix_m2_eur,
        count(*) over (partition by year, id_mutation) as goods_in_mutation
    from goods
)

select
    year,
    id_mutation,
    date_mutation,
    code_departement,
    code_commune,
    id_parcelle,
    nature_mutation,
    code_type_local,
    valeur_fonciere_eur,
    surface_reelle_bati_m2,
    prix_m2_eur
from counted
where goods_in_mutation = 1
    and prix_m2_eur < 100000
