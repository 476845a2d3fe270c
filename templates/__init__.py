"""Texts that are filled in: CP2K fragments, job scripts, styles, the report, schemas of CP2K."""
