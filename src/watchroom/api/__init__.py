"""The REST API: `/api/v1`, described by its OpenAPI document."""

HELP = "/help/api"  # the page on which people read it
