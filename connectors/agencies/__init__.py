"""Agencies: one folder each with its agency.toml; and routing.toml for all of them.

The three here are of the fictional Kabupaten Sukamaju. A deployment keeps its own
agencies in a directory of its own.
"""
