"""Invented businesses of other kinds, at other banks: statements and books with their truth, made from a seed."""

from .make import KINDS, UNSEEN, make

__all__ = ["KINDS", "UNSEEN", "make"]
