"""Admission of Kubernetes objects: what a cluster asks, what judges it, and the answer."""
