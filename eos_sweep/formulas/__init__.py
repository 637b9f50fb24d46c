"""Formulas: texts and Python functions become trees, which are shown as text and evaluated, never executed.

``grammar`` reads a text, ``recording`` calls a function once, ``text`` shows a tree, ``evaluation`` computes it.
"""
