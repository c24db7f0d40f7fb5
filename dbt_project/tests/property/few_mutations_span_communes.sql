-- Years in which 3 % of the mutations or more lie in several communes: numbers given by date and price alone merge sales of strangers.
{{ config(severity='warn') }}

select
    year,
    count(*) as nb_mutations,
    avg(case when nb_communes > 1 then 1.0 else 0.0 end) as part
from {{ ref('fct_mutation') }}
group by year
having avg(case when nb_communes > 1 then 1.0 else 0.0 end) >= 0.03
