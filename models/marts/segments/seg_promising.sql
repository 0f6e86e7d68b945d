{{ rfm_segment('promising') }}
