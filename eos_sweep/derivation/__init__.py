"""A model from its loss alone: a formula becomes the module of a model, in the style of those written by hand."""
