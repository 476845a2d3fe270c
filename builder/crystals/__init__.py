"""CIF files of the bundled crystals; `epicarve.builder.library` reads them."""
