"""The choice of ions: a 0/1 program over the surface shell, solved and proven."""
