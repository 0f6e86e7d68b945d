{{ rfm_segment('champions') }}
