{{ rfm_segment('lost') }}
