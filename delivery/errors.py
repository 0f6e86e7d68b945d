"""What stops a delivery."""


class DeliveryError(Exception):
    """Nothing more is handed over; the message says why and what to do, and holds nobody's data and no secret."""
