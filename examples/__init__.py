"""Example recipes; `epicarve new` copies them."""
