"""From orbital states to DOS, localization, trap-filtered gap, alignment, figures and report."""
