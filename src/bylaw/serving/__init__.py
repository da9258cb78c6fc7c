"""What a server answers from: a generation of catalog, graph and policies, and the processes that hold it."""
