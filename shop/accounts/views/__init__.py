"""The pages of login, the own account and the staff."""
