{{ rfm_segment('at_risk') }}
