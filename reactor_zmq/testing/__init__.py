"""Tools for tests of models and of programs around them."""
