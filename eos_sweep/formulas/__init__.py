"""Formulas: texts and Python functions become trees, which are shown as text, never executed.

``grammar`` reads a text, ``recording`` calls a function once, and ``text`` shows a tree.
"""
