-- Hours per year of the blocks as the contracts count them, 2020 to 2027: fails with a year that differs.
with counted as (
    select iso, extract(year from delivery_date) as delivery_year, sum(case when is_on_peak then 1 else 0 end) as hours
    from {{ ref('dim_market_calendar') }}
    group by iso, extract(year from delivery_date)
),

wanted as (
    {%- for year, five, six in [(2020, 4112, 4928), (2021, 4096, 4912), (2022, 4080, 4912), (2023, 4064, 4896), (2024, 4096, 4928),
        (2025, 4080, 4912), (2026, 4096, 4912), (2027, 4096, 4912)] %}
    select {{ year }} as delivery_year, {{ five }} as five_by_sixteen, {{ six }} as six_by_sixteen
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select counted.iso, counted.delivery_year, counted.hours
from counted
inner join wanted on wanted.delivery_year = counted.delivery_year
where counted.hours <> case when counted.iso = 'caiso' then wanted.six_by_sixteen else wanted.five_by_sixteen end
