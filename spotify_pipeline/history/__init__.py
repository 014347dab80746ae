"""Versions of a playlist and what lies between two of them: what people and programs are shown of either.

Only text is made here, from typed documents; what is read from where is decided in `steps/`.
"""
