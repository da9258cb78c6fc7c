"""Can it be found and run when it matters."""
