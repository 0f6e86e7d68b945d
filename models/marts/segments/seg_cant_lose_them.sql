{{ rfm_segment('cant_lose_them') }}
