-- A sale lies in one area of each scale: the areas of a scale add up to the nation.
with counted as (
    select echelle_geo, year, type_bien, sum(nb_ventes) as nb_ventes
    from {{ ref('fct_price_per_m2_yearly') }}
    group by echelle_geo, year, type_bien
)

select nation.year, nation.type_bien, scale.echelle_geo, nation.nb_ventes as nb_in_nation, scale.nb_ventes as nb_in_areas
from counted as nation
inner join counted as scale
    on scale.year = nation.year
    and scale.type_bien = nation.type_bien
where nation.echelle_geo = 'nation'
    and scale.nb_ventes <> nation.nb_ventes
