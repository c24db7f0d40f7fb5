select
    iso,
    lower(series) as series,
    coalesce(area, area_id) as area,
    area_id,
    zone,
    coalesce(published_at, {{ local_midnight('published_date', 'America/New_York') }}) as published_at,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    mw,
    is_verified
from {{ ref('int_us_load') }}
where mw is not null
