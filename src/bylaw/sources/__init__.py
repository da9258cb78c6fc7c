"""Where documents come from: one module per origin."""
