-- A batch is a month of publications, 1.5 million rows of which one in five hundred stays.
{{ config(**monthly_batches('published_at', data_type='timestamp')) }}

select
    published_at,
    settlement_date,
    min(margin_mw) as margin_mw
from {{ ref('stg_elexon__melngc') }}
where boundary = 'N' and margin_mw is not null
group by published_at, settlement_date
