-- A table: three statistics read it, each at four scales.
{{ config(materialized='table', post_hook="{{ analyse(this) }}") }}

with candidates as (
    select
        mutations.year,
        mutations.id_mutation,
        mutations.date_mutation,
        dwellings.code_departement,
        dwellings.code_commune,
        dwellings.id_parcelle,
        mutations.nature_mutation,
        dwellings.code_type_local,
        mutations.valeur_fonciere_eur,
        dwellings.surface_reelle_bati_m2,
        {{ price_per_m2('mutations.valeur_fonciere_eur', 'dwellings.surface_reelle_bati_m2') }} as prix_m2_eur
    from {{ ref('int_dvf_mutation') }} as mutations
    inner join {{ ref('int_dvf_local') }} as dwellings
        on dwellings.year = mutations.year
        and dwellings.id_mutation = mutations.id_mutation
        and dwellings.code_type_local in ('1', '2')
    where mutations.nb_dates = 1
        and mutations.nb_natures = 1
        and mutations.nb_valeurs = 1
        and mutations.nature_mutation = 'Vente'
        and mutations.valeur_fonciere_eur > 0
        and mutations.nb_locaux = 0
        and mutations.nb_maisons + mutations.nb_appartements = 1
        and dwellings.surface_reelle_bati_m2 between 9 and 1000
),

-- On the logarithm: the prices themselves are skewed, and a lower fence on them would lie below zero and keep everything.
scaled as (
    select code_type_local, year, ln(prix_m2_eur) as log_price
    from candidates
),

quartiles as (
    select
        code_type_local,
        year,
        {{ exact_quantile('log_price', 0.25) }} as lower_quartile,
        {{ exact_quantile('log_price', 0.75) }} as upper_quartile
    from scaled
    group by code_type_local, year
),

fences as (
    select
        code_type_local,
        year,
        lower_quartile - 1.5 * (upper_quartile - lower_quartile) as lower_fence,
        upper_quartile + 1.5 * (upper_quartile - lower_quartile) as upper_fence
    from quartiles
)

select
    candidates.year,
    candidates.id_mutation,
    candidates.date_mutation,
    candidates.code_departement,
    candidates.code_commune,
    candidates.id_parcelle,
    candidates.nature_mutation,
    candidates.code_type_local,
    candidates.valeur_fonciere_eur,
    candidates.surface_reelle_bati_m2,
    candidates.prix_m2_eur
from candidates
inner join fences
    on fences.code_type_local = candidates.code_type_local
    and fences.year = candidates.year
where ln(candidates.prix_m2_eur) between fences.lower_fence and fences.upper_fence
