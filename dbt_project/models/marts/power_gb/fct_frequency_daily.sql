{{ config(**monthly_batches('settlement_date')) }}

{{ frequency_statistics(['settlement_date']) }}
