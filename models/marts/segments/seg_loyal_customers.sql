{{ rfm_segment('loyal_customers') }}
