{{ rfm_segment('potential_loyalists') }}
