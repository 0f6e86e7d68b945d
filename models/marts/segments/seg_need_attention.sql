{{ rfm_segment('need_attention') }}
