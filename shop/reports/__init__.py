"""Figures for the merchant, without a page."""
