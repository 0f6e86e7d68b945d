{{ rfm_segment('hibernating') }}
