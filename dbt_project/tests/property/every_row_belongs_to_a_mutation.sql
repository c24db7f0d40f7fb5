-- Rows that were published and rows that the mutations count, where they differ: none may be lost on the way.
with published as (
    select year, count(*) as nb_lignes from {{ ref('stg_dvf__mutations') }} group by year
),

counted as (
    select year, sum(nb_lignes) as nb_lignes from {{ ref('fct_mutation') }} group by year
)

select published.year, published.nb_lignes as nb_published, counted.nb_lignes as nb_counted
from published
left join counted on counted.year = published.year
where published.nb_lignes <> coalesce(counted.nb_lignes, 0)
