-- The last name in byte order: the publisher writes "Nivigne et Suran" where it used to write "Nivigne Et Suran".
select
    code_commune,
    max({{ byte_order('nom_commune') }}) as nom_commune
from {{ ref('stg_dvf__mutations') }}
where code_commune is not null
group by code_commune
