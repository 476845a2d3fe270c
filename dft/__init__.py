"""CP2K and xTB: inputs, checks, runs, and what they leave."""
