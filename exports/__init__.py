"""Rows in, payload files out: the last step before an e-mail service.

Here belong templates, their rules and the files of the outbox. Not here: who gets a mail and why (dbt models), when it
runs and where files and keys are (orchestration). Nothing in this package opens a database, a connection, an
environment variable or a clock; a run's time comes as an argument, so the same input gives the same bytes.

    columns = {"first_name": Column("string", is_personal=True), "days_since_order": Column("int", is_personal=False)}
    campaign = load_campaign(folder, columns=columns, list_columns={"products": product_columns})
    rows = attach(table_rows, {"products": product_rows})
    manifest = write_outbox(campaign, rows, directory, run=Run(as_of, as_of_date), secret=key)

A new campaign is a new folder under `campaigns/`; shared parts are in `layouts/` and `blocks/`, the shop's own details
in `brand.yml`. Request bodies for e-mail services are made by `writers/`, with what `esps.yml` says of each.
"""

from exports.attach import attach
from exports.brand import Brand, load_brand
from exports.campaign import Campaign, load_campaign
from exports.checks import check_filled
from exports.columns import Column
from exports.errors import DataError, ExportError, LoadError, Problem, TokenError
from exports.folder import FileEntry, recover
from exports.message import Renderer, Run
from exports.outbox import Manifest, remove_customers, write_outbox
from exports.personas import Persona, load_personas
from exports.profiles import remove_profiles, write_profiles

__all__ = [
    "Brand",
    "Campaign",
    "Column",
    "DataError",
    "ExportError",
    "FileEntry",
    "LoadError",
    "Manifest",
    "Persona",
    "Problem",
    "Renderer",
    "Run",
    "TokenError",
    "attach",
    "check_filled",
    "load_brand",
    "load_campaign",
    "load_personas",
    "recover",
    "remove_customers",
    "remove_profiles",
    "write_outbox",
    "write_profiles",
]
