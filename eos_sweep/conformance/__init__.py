"""Does a model do what the rest relies on?"""
