"""Measurements, each a script with one question; what two of them need is a module beside them."""
