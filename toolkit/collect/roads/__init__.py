"""The roads that evidence is fetched by: one module an API, each knowing how that API pages, caps and lies."""
