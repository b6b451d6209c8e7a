"""A buyer's rights: export and anonymise."""
