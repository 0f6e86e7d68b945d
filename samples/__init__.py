"""A small shop's world, made up: what its CRM, site, shop, ESP and help desk would drop, and the truth behind it.

The same arguments give the same bytes. Here belongs who the people are, what they do, and how that looks in a stock
export, dirt included. What does not: reading an extract (ingest/), and any rule of the warehouse (models/).
"""

from samples.generator import generate
from samples.world import World

__all__ = ["World", "generate"]
