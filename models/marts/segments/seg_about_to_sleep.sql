{{ rfm_segment('about_to_sleep') }}
